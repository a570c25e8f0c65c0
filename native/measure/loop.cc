#include "measure/loop.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"

namespace mj::measure {

namespace {

constexpr int64_t kProgressPeriodNs = 100 * kNsPerMs;
// A count this large is not reserved at once: its time bound may end it long before.
constexpr uint64_t kReserveAtOnce = 1 << 20;

Status aborted() { return {Code::kAborted, "The measurement was aborted."}; }

}  // namespace

LoopJob::LoopJob(std::shared_ptr<ort::Model> model, const LoopRequest& request)
    : model_(std::move(model)), request_(request) {}

std::vector<Progress> LoopJob::take_progress() {
  const std::lock_guard<std::mutex> lock(progress_mutex_);
  return std::exchange(progress_, {});
}

void LoopJob::interrupt() noexcept {
  abort_.stop();
  model_->terminate();
}

void LoopJob::execute() noexcept {
  model_->arm();
  status = cancelled() ? aborted() : loop();
}

Status LoopJob::loop() {
  began_ns_ = monotonic_ns();
  if (Status failed = warm_up(); !failed.ok()) return failed;
  model_->synchronise();
  quiet_from_ns = monotonic_ns();
  if (Status failed = sleep(Phase::kIdleBefore, request_.idle_before_ns); !failed.ok()) return failed;
  if (Status failed = timed_runs(); !failed.ok()) return failed;
  if (Status failed = sleep(Phase::kIdleAfter, request_.idle_after_ns); !failed.ok()) return failed;
  quiet_until_ns = monotonic_ns();
  return {};
}

Status LoopJob::warm_up() {
  tell(Phase::kWarmup, 0, began_ns_, true);
  for (uint64_t i = 0; i < request_.warmup; ++i) {
    if (Status failed = run_once(); !failed.ok()) return failed;
    tell(Phase::kWarmup, i + 1, monotonic_ns(), false);
  }
  return {};
}

Status LoopJob::run_once() {
  // The outputs of the run before go here, outside of what is timed.
  for (auto& value : bindings.outputs) value.reset();
  if (cancelled()) return aborted();
  return model_->run(nullptr, bindings.input_names.data(), bindings.input_values(), bindings.inputs.size(),
                     bindings.output_names.data(), bindings.outputs.size(), bindings.output_values());
}

Status LoopJob::timed_runs() {
  const uint64_t wanted = request_.repetitions;
  durations.reserve(static_cast<size_t>(std::clamp<uint64_t>(wanted, 1, kReserveAtOnce)));
  tell(Phase::kRunning, 0, monotonic_ns(), true);
  for (auto& value : bindings.outputs) value.reset();
  model_->synchronise();

  start_ns = monotonic_ns();
  const int64_t least = wanted > 0 ? INT64_MAX : request_.min_duration_ns;
  const int64_t most = request_.max_duration_ns > 0 ? request_.max_duration_ns : INT64_MAX;
  const int64_t limit = std::min(least, most);
  int64_t now = start_ns;
  do {
    durations.reserve();
    tell(Phase::kRunning, durations.size(), now, false);
    for (auto& value : bindings.outputs) value.reset();
    const int64_t before = monotonic_ns();
    if (Status failed = run_once(); !failed.ok()) return failed;
    now = monotonic_ns();
    durations.push(static_cast<double>(now - before));
  } while (durations.size() != wanted && now - start_ns < limit);
  model_->synchronise();
  end_ns = monotonic_ns();
  tell(Phase::kRunning, durations.size(), end_ns, true);
  return {};
}

Status LoopJob::sleep(Phase phase, int64_t duration_ns) {
  if (duration_ns <= 0) return {};
  const int64_t deadline = monotonic_ns() + duration_ns;
  const uint64_t runs = durations.size();
  tell(phase, runs, monotonic_ns(), true);
  return abort_.sleep_until(deadline) ? Status() : aborted();
}

void LoopJob::tell(Phase phase, uint64_t runs, int64_t now_ns, bool always) {
  if (!on_progress || (!always && now_ns - told_ns_ < kProgressPeriodNs)) return;
  told_ns_ = now_ns;
  {
    const std::lock_guard<std::mutex> lock(progress_mutex_);
    progress_.push_back({phase, runs, now_ns - began_ns_});
  }
  on_progress();
}

}  // namespace mj::measure
