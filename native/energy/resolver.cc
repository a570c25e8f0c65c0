#include "energy/resolver.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <vector>

namespace mj::energy {

struct Resolver::State {
  std::mutex mutex;
  std::map<uint64_t, Job> jobs;
  uint64_t next_id = 1;
  Status closed;
  std::atomic<size_t> pending{0};
  std::shared_ptr<StopSignal> signal;

  Job take(std::map<uint64_t, Job>::iterator found) {
    Job job = std::move(found->second);
    jobs.erase(found);
    pending = jobs.size();
    return job;
  }
};

Resolver::Resolver() : state_(std::make_shared<State>()) {
  // Held until the signal is known: the samplers may call the waker as soon as they run.
  const std::lock_guard<std::mutex> lock(state_->mutex);
  thread_.start("mj-resolve", [state = state_](StopSignal& stop) { work(*state, stop); });
  state_->signal = thread_.signal();
}

Resolver::~Resolver() { close({Code::kMeterClosed, "The meter was closed."}); }

uint64_t Resolver::add(Job job) {
  Status closed;
  {
    const std::lock_guard<std::mutex> lock(state_->mutex);
    closed = state_->closed;
    if (closed.ok()) {
      const uint64_t id = state_->next_id++;
      state_->jobs.emplace(id, std::move(job));
      state_->pending = state_->jobs.size();
      state_->signal->wake();
      return id;
    }
  }
  job.run(closed);
  return 0;
}

void Resolver::cancel(uint64_t id, const Status& status) {
  Job job;
  {
    const std::lock_guard<std::mutex> lock(state_->mutex);
    const auto found = state_->jobs.find(id);
    if (found == state_->jobs.end()) return;
    job = state_->take(found);
  }
  job.run(status);
}

void Resolver::close(const Status& status) {
  std::map<uint64_t, Job> jobs;
  {
    const std::lock_guard<std::mutex> lock(state_->mutex);
    state_->closed = status;
    jobs.swap(state_->jobs);
    state_->pending = 0;
  }
  for (auto& [id, job] : jobs) job.run(status);
  thread_.stop();
}

std::function<void()> Resolver::waker() const {
  return [state = state_] {
    if (state->pending.load(std::memory_order_relaxed) > 0) state->signal->wake();
  };
}

void Resolver::work(State& state, StopSignal& stop) {
  // A call stuck in the driver announces itself by nothing: what waits is looked at this often all the same.
  constexpr int64_t kLookAgainNs = 100 * kNsPerMs;
  constexpr int64_t kForeverNs = 3600 * kNsPerSecond;
  while (!stop.stopped()) {
    std::vector<Job> due;
    int64_t next = monotonic_ns() + kForeverNs;
    {
      const std::lock_guard<std::mutex> lock(state.mutex);
      const int64_t now = monotonic_ns();
      for (auto it = state.jobs.begin(); it != state.jobs.end();) {
        const auto current = it++;
        const Job& job = current->second;
        if (now >= job.deadline || job.ready()) {
          due.push_back(state.take(current));
        } else {
          next = std::min({next, job.deadline, now + kLookAgainNs});
        }
      }
    }
    for (Job& job : due) job.run({});
    if (!due.empty()) continue;
    stop.wait(next);
  }
}

}  // namespace mj::energy
