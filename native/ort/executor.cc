#include "ort/executor.h"

#include <utility>
#include <vector>

#include "base/clock.h"
#include "ort/device_use.h"
#include "ort/exit_guard.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace mj::ort {

namespace {

inline void relax() noexcept {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

const Status& aborted() {
  static const auto* status = new Status(Code::kAborted, "The run was aborted.");
  return *status;
}

}  // namespace

bool Job::wait(int64_t budget_ns) const noexcept {
  const int64_t deadline = monotonic_ns() + budget_ns;
  do {
    for (int i = 0; i < 8; ++i) {
      if (state_.load(std::memory_order_acquire) == kEnded) return true;
      relax();
    }
  } while (monotonic_ns() < deadline);
  return state_.load(std::memory_order_acquire) == kEnded;
}

bool Job::on_end(std::function<void()> notify) {
  notify_ = std::move(notify);
  int expected = kPending;
  return state_.compare_exchange_strong(expected, kWatched, std::memory_order_acq_rel);
}

void Job::end() noexcept {
  if (state_.exchange(kEnded, std::memory_order_acq_rel) == kWatched) notify_();
}

struct Executor::State {
  explicit State(int64_t spin) : spin_ns(spin) {}

  // Next job, which then is `running`; null where there is none.
  JobPtr take() {
    const std::lock_guard<std::mutex> lock(mutex);
    if (queue.empty()) return nullptr;
    running = std::move(queue.front());
    queue.pop_front();
    return running;
  }

  bool do_next() noexcept {
    const RuntimeUse use;
    const JobPtr job = take();
    if (!job) return false;
    job->execute();
    finish(*job);
    return true;
  }

  void finish(Job& job) noexcept {
    {
      const std::lock_guard<std::mutex> lock(mutex);
      running = nullptr;
    }
    // Whatever it came to: its promise has been rejected.
    if (job.cancelled()) job.status = aborted();
    // Counted down first: who sees the job ended may submit the next one and expects an idle executor.
    pending.fetch_sub(1, std::memory_order_release);
    job.end();
  }

  // Ends a job that never ran.
  void drop(Job& job) noexcept {
    job.status = aborted();
    pending.fetch_sub(1, std::memory_order_release);
    job.end();
  }

  const int64_t spin_ns;
  std::atomic<int> pending{0};  // queued and running
  std::atomic<bool> sleeping{false};
  std::atomic<bool> stopping{false};
  std::mutex mutex;
  std::deque<JobPtr> queue;
  JobPtr running;
};

Executor::Executor(int64_t spin_ns) : state_(std::make_shared<State>(spin_ns)) {
  thread_.start("mj-executor", [state = state_](StopSignal& stop) { loop(*state, stop); });
}

Executor::~Executor() { stop(); }

void Executor::loop(State& state, StopSignal& stop) {
  while (!state.stopping.load(std::memory_order_acquire)) {
    while (state.do_next()) {
    }
    const int64_t deadline = monotonic_ns() + state.spin_ns;
    while (state.pending.load(std::memory_order_acquire) == 0 && monotonic_ns() < deadline) relax();
    if (state.pending.load(std::memory_order_acquire) != 0) continue;
    // Sequentially consistent with submit: either it sees us asleep, or we see its job.
    state.sleeping.store(true);
    if (state.pending.load() == 0) stop.wait(monotonic_ns() + 3600 * kNsPerSecond);
    state.sleeping.store(false);
  }
}

void Executor::submit(JobPtr job) {
  {
    const std::lock_guard<std::mutex> lock(state_->mutex);
    state_->queue.push_back(std::move(job));
    state_->pending.fetch_add(1);
  }
  if (state_->sleeping.load()) thread_.signal()->wake();
}

bool Executor::do_here(Job& job) noexcept {
  if (state_->pending.load(std::memory_order_acquire) != 0) return false;
  const RuntimeUse use(RuntimeUse::IfExiting::kDecline);
  return use.entered() && job.execute_at_once();
}

bool Executor::eager() const noexcept {
  return state_->pending.load(std::memory_order_acquire) == 0 && !state_->sleeping.load(std::memory_order_relaxed);
}

bool Executor::cancel(uint64_t ticket) {
  JobPtr dropped;
  {
    const std::lock_guard<std::mutex> lock(state_->mutex);
    if (state_->running && state_->running->ticket == ticket) {
      state_->running->cancelled_.store(true, std::memory_order_relaxed);
      state_->running->interrupt();
      AtWork::look_again();
      return true;
    }
    for (auto it = state_->queue.begin(); it != state_->queue.end(); ++it) {
      if ((*it)->ticket != ticket) continue;
      dropped = std::move(*it);
      state_->queue.erase(it);
      break;
    }
  }
  if (!dropped) return false;
  dropped->cancelled_.store(true, std::memory_order_relaxed);
  state_->drop(*dropped);
  return true;
}

void Executor::stop() {
  std::deque<JobPtr> queued;
  {
    const std::lock_guard<std::mutex> lock(state_->mutex);
    queued.swap(state_->queue);
    if (state_->running) {
      state_->running->cancelled_.store(true, std::memory_order_relaxed);
      state_->running->interrupt();
      AtWork::look_again();
    }
  }
  for (const JobPtr& job : queued) state_->drop(*job);
  state_->stopping.store(true, std::memory_order_release);
  thread_.stop();
}

}  // namespace mj::ort
