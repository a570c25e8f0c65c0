#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"

namespace mj {

// What a thread and its owner share. The thread holds it alive, so that one abandoned in a driver call
// may still return into valid memory.
class StopSignal {
 public:
  // Sleeps until the deadline (CLOCK_MONOTONIC) or the stop; true: go on.
  bool sleep_until(int64_t deadline_ns);
  // Sleeps until `wake`, the deadline or the stop; true: go on.
  bool wait(int64_t deadline_ns);
  void wake();
  void stop();
  [[nodiscard]] bool stopped() const;

 private:
  friend class StoppableThread;
  void mark_finished();
  bool wait_finished(int64_t deadline_ns);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool stop_ = false;
  bool woken_ = false;
  bool finished_ = false;
};

// Keeps the calling thread on these CPUs; false where the kernel did not agree. None given: nothing is done.
bool pin_this_thread(const std::vector<int>& cpus) noexcept;

// A named thread that is joined with a deadline and abandoned (detached) when it is stuck in a foreign call.
class StoppableThread {
 public:
  static constexpr int64_t kJoinDeadlineNs = 200 * kNsPerMs;

  StoppableThread() = default;
  StoppableThread(const StoppableThread&) = delete;
  StoppableThread& operator=(const StoppableThread&) = delete;
  ~StoppableThread() { stop(); }

  // `body` must own (by shared_ptr) everything it touches. At most 15 characters of `name` reach the kernel.
  void start(const std::string& name, std::function<void(StopSignal&)> body);
  void request_stop();
  // Joins; false where the thread did not come back in time and was abandoned.
  bool stop(int64_t deadline_ns = kJoinDeadlineNs);
  [[nodiscard]] const std::shared_ptr<StopSignal>& signal() const noexcept { return signal_; }

 private:
  std::shared_ptr<StopSignal> signal_;
  std::thread thread_;
};

}  // namespace mj
