#include "base/thread.h"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace mj {

namespace {

// libstdc++'s steady_clock is CLOCK_MONOTONIC, so absolute deadlines carry over as they are.
std::chrono::steady_clock::time_point time_point(int64_t ns) {
  return std::chrono::steady_clock::time_point(std::chrono::nanoseconds(ns));
}

}  // namespace

bool pin_this_thread(const std::vector<int>& cpus) noexcept {
  if (cpus.empty()) return true;
  const auto count = static_cast<size_t>(*std::max_element(cpus.begin(), cpus.end()) + 1);
  const std::unique_ptr<cpu_set_t, void (*)(cpu_set_t*)> set(CPU_ALLOC(count), [](cpu_set_t* one) { CPU_FREE(one); });
  if (!set) return false;
  const size_t size = CPU_ALLOC_SIZE(count);
  CPU_ZERO_S(size, set.get());
  for (const int cpu : cpus) CPU_SET_S(static_cast<size_t>(cpu), size, set.get());
  constexpr pid_t kThisThread = 0;
  return sched_setaffinity(kThisThread, size, set.get()) == 0;
}

bool StopSignal::sleep_until(int64_t deadline_ns) {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait_until(lock, time_point(deadline_ns), [this] { return stop_; });
  return !stop_;
}

bool StopSignal::wait(int64_t deadline_ns) {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait_until(lock, time_point(deadline_ns), [this] { return stop_ || woken_; });
  woken_ = false;
  return !stop_;
}

void StopSignal::wake() {
  const std::lock_guard<std::mutex> lock(mutex_);
  woken_ = true;
  changed_.notify_all();
}

void StopSignal::stop() {
  const std::lock_guard<std::mutex> lock(mutex_);
  stop_ = true;
  changed_.notify_all();
}

bool StopSignal::stopped() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return stop_;
}

void StopSignal::mark_finished() {
  const std::lock_guard<std::mutex> lock(mutex_);
  finished_ = true;
  changed_.notify_all();
}

bool StopSignal::wait_finished(int64_t deadline_ns) {
  std::unique_lock<std::mutex> lock(mutex_);
  return changed_.wait_until(lock, time_point(deadline_ns), [this] { return finished_; });
}

void StoppableThread::start(const std::string& name, std::function<void(StopSignal&)> body) {
  stop();
  signal_ = std::make_shared<StopSignal>();
  thread_ = std::thread([signal = signal_, body = std::move(body)]() mutable {
    body(*signal);
    // The body's captures die here, on this thread, before the owner is told: the owner may be gone after that.
    body = nullptr;
    signal->mark_finished();
  });
  pthread_setname_np(thread_.native_handle(), name.substr(0, 15).c_str());
}

void StoppableThread::request_stop() {
  if (signal_) signal_->stop();
}

bool StoppableThread::stop(int64_t deadline_ns) {
  if (!thread_.joinable()) return true;
  signal_->stop();
  if (thread_.get_id() == std::this_thread::get_id()) {
    thread_.detach();
    return true;
  }
  if (signal_->wait_finished(monotonic_ns() + deadline_ns)) {
    thread_.join();
    return true;
  }
  thread_.detach();
  return false;
}

}  // namespace mj
