#include "base/guarded_steps.h"

#include <algorithm>
#include <condition_variable>
#include <memory>
#include <mutex>

#include "base/clock.h"
#include "base/thread.h"

namespace mj {

namespace {

struct Shared {
  explicit Shared(std::vector<GuardedStep> s) : steps(std::move(s)), results(steps.size()) {}

  const std::vector<GuardedStep> steps;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<Status> results;
  size_t next = 0;          // the step that runs now
  uint64_t generation = 0;  // of the thread that may publish
};

void run_from(const std::shared_ptr<Shared>& shared, uint64_t generation) {
  for (;;) {
    size_t index = 0;
    {
      const std::lock_guard<std::mutex> lock(shared->mutex);
      if (shared->generation != generation || shared->next == shared->steps.size()) return;
      index = shared->next;
    }
    Status status = shared->steps[index].call();
    const std::lock_guard<std::mutex> lock(shared->mutex);
    if (shared->generation != generation) return;
    shared->results[index] = std::move(status);
    shared->next = index + 1;
    shared->changed.notify_all();
  }
}

Status timed_out(const std::string& what, int64_t waited_ns) {
  return {Code::kTimeout,
          what + " did not return within " + std::to_string((waited_ns + kNsPerSecond - 1) / kNsPerSecond) + " s.",
          "The driver hangs: look for Xid or driver messages in sudo dmesg; a reboot usually clears it."};
}

}  // namespace

std::vector<Status> run_guarded(const std::string& thread_name, std::vector<GuardedStep> steps, int64_t step_ns,
                                int64_t total_ns) {
  const auto shared = std::make_shared<Shared>(std::move(steps));
  const int64_t end = monotonic_ns() + total_ns;
  StoppableThread thread;
  const auto launch = [&](uint64_t generation) {
    thread.start(thread_name, [shared, generation](StopSignal&) { run_from(shared, generation); });
  };
  launch(0);
  std::unique_lock<std::mutex> lock(shared->mutex);
  while (shared->next < shared->steps.size()) {
    const size_t index = shared->next;
    const int64_t began = monotonic_ns();
    const int64_t deadline = std::min(began + step_ns, end);
    shared->changed.wait_until(lock, std::chrono::steady_clock::time_point(std::chrono::nanoseconds(deadline)),
                               [&] { return shared->next != index; });
    if (shared->next != index) continue;
    shared->results[index] = timed_out(shared->steps[index].what, step_ns);
    shared->next = index + 1;
    const uint64_t generation = ++shared->generation;
    lock.unlock();
    thread.stop(0);
    lock.lock();
    if (monotonic_ns() < end) {
      if (shared->next < shared->steps.size()) launch(generation);
      continue;
    }
    for (; shared->next < shared->steps.size(); ++shared->next) {
      shared->results[shared->next] = timed_out("An earlier driver call", total_ns);
    }
  }
  std::vector<Status> results = shared->results;
  lock.unlock();
  thread.stop();
  return results;
}

}  // namespace mj
