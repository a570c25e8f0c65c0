#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>

#include "base/status.h"
#include "base/thread.h"

namespace mj::ort {

// Something an executor does. Its owner either waits for it on its own thread or is told when it has ended.
class Job {
 public:
  virtual ~Job() = default;

  // On the executor's thread.
  virtual void execute() noexcept = 0;
  // On the caller's thread, if that can be done without waiting for anybody; false: nothing was done.
  virtual bool execute_at_once() noexcept { return false; }
  // From any thread while `execute` runs: make it return early.
  virtual void interrupt() noexcept {}

  Status status;
  uint64_t ticket = 0;

  // Polls for at most `budget_ns`; true: the job has ended.
  bool wait(int64_t budget_ns) const noexcept;
  // True: `notify` is called when the job ends, on the thread that ended it. False: it has ended already.
  bool on_end(std::function<void()> notify);
  [[nodiscard]] bool cancelled() const noexcept { return cancelled_.load(std::memory_order_relaxed); }

 private:
  friend class Executor;
  enum State : int { kPending, kWatched, kEnded };
  void end() noexcept;

  std::atomic<int> state_{kPending};
  std::atomic<bool> cancelled_{false};
  std::function<void()> notify_;
};

using JobPtr = std::shared_ptr<Job>;

// One thread that does a session's jobs, first in, first out. After a job it polls for the next one during
// `spin_ns`, then it sleeps: waking costs tens of microseconds, polling costs a core.
class Executor {
 public:
  explicit Executor(int64_t spin_ns);
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  void submit(JobPtr job);
  // Does the job on the calling thread, which is the one that submits; false: it was not begun, as others are before
  // it.
  bool do_here(Job& job) noexcept;
  // A queued job ends unrun, a running one is interrupted; both with 'aborted'. False: no such job.
  bool cancel(uint64_t ticket);
  // Cancels everything and joins; a thread stuck in a driver call is abandoned with what it holds.
  void stop();

  // A job submitted now would be started at once: nothing is queued and the thread is awake.
  [[nodiscard]] bool eager() const noexcept;

 private:
  struct State;
  static void loop(State& state, StopSignal& stop);

  std::shared_ptr<State> state_;
  StoppableThread thread_;
};

}  // namespace mj::ort
