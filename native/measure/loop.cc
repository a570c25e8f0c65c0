#include "measure/loop.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/clock.h"

namespace mj::measure {

namespace {

// A count this large is not reserved at once: its time bound may end it long before.
constexpr uint64_t kReserveAtOnce = 1 << 20;

}  // namespace

int64_t next_start(const LoopRequest& request, double phase, int64_t earliest_ns) noexcept {
  if (request.period_ns <= 0) return earliest_ns;
  const auto period = static_cast<double>(request.period_ns);
  const double offset = phase * period;
  const double since = static_cast<double>(earliest_ns - request.origin_ns) - offset;
  return request.origin_ns + std::llround(std::ceil(since / period) * period + offset);
}

LoopJob::LoopJob(std::shared_ptr<ort::Model> model, const LoopRequest& request, std::shared_ptr<ort::Binding> binding)
    : ModelJob(std::move(model)), request_(request), binding_(std::move(binding)) {}

void LoopJob::interrupt() noexcept {
  abort_.stop();
  model_->terminate();
}

Status LoopJob::work() {
  began_ns_ = monotonic_ns();
  if (binding_) {
    if (Status failed = binding_->prepare(); !failed.ok()) return failed;
  }
  if (Status failed = warm_up(); !failed.ok()) return failed;
  if (Status failed = synchronise(); !failed.ok()) return failed;
  if (Status failed = all_blocks(); !failed.ok()) return failed;
  return binding_ ? binding_->fetch(bindings.outputs) : Status();
}

Status LoopJob::synchronise() { return binding_ ? binding_->synchronise() : model_->device().synchronise(); }

// Those that the next run allocates anew; bound ones stay.
void LoopJob::drop_outputs() noexcept {
  if (binding_) return;
  for (auto& value : bindings.outputs) value.reset();
}

Status LoopJob::all_blocks() {
  const size_t count = std::max<size_t>(1, request_.phases.size());
  blocks.reserve(request_.sham ? 2 * count : count);
  const int64_t first_ns = monotonic_ns();
  int64_t longest_ns = 0;
  for (size_t i = 0; i < count; ++i) {
    const int64_t from = monotonic_ns();
    if (i > 0 && request_.budget_ns > 0 && from + longest_ns - first_ns > request_.budget_ns) break;
    const double phase = request_.phases.empty() ? 0 : request_.phases[i];
    if (Status failed = one_block(phase, false); !failed.ok()) return failed;
    if (request_.sham) {
      if (Status failed = one_block(phase, true); !failed.ok()) return failed;
    }
    longest_ns = std::max(longest_ns, monotonic_ns() - from);
  }
  return {};
}

Status LoopJob::one_block(double phase, bool sham) {
  Block block;
  const ort::Watch watch(*model_->user());
  block.quiet_from_ns = monotonic_ns();
  const int64_t start = next_start(request_, phase, block.quiet_from_ns + request_.idle_before_ns);
  if (Status failed = sleep_until(Phase::kIdleBefore, start); !failed.ok()) return failed;
  Status failed = sham ? no_runs(block, blocks.back().end_ns - blocks.back().start_ns) : timed_runs(block);
  if (!failed.ok()) return failed;
  failed = sleep_until(Phase::kIdleAfter, monotonic_ns() + request_.idle_after_ns);
  block.quiet_until_ns = monotonic_ns();
  note_others(watch, block);
  blocks.push_back(block);
  return failed;
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
  drop_outputs();
  if (cancelled()) return aborted();
  if (binding_) return binding_->run();
  return model_->run(nullptr, bindings.input_names.data(), bindings.input_values(), bindings.inputs.size(),
                     bindings.output_names.data(), bindings.outputs.size(), bindings.output_values());
}

Status LoopJob::timed_runs(Block& block) {
  const uint64_t wanted = request_.repetitions;
  const uint64_t before_all = durations.runs();
  durations.reserve(static_cast<size_t>(std::clamp<uint64_t>(wanted, 1, kReserveAtOnce)));
  tell(Phase::kRunning, before_all, monotonic_ns(), true);
  drop_outputs();
  if (Status failed = synchronise(); !failed.ok()) return failed;

  block.start_ns = monotonic_ns();
  const int64_t least = wanted > 0 ? INT64_MAX : request_.min_duration_ns;
  const int64_t most = request_.max_duration_ns > 0 ? request_.max_duration_ns : INT64_MAX;
  const int64_t limit = std::min(least, most);
  int64_t now = block.start_ns;
  do {
    durations.reserve();
    tell(Phase::kRunning, durations.runs(), now, false);
    drop_outputs();
    const int64_t before = monotonic_ns();
    if (Status failed = run_once(); !failed.ok()) return failed;
    now = monotonic_ns();
    durations.push(static_cast<double>(now - before));
    block.runs = durations.runs() - before_all;
  } while (block.runs != wanted && now - block.start_ns < limit);
  if (Status failed = synchronise(); !failed.ok()) return failed;
  block.end_ns = monotonic_ns();
  tell(Phase::kRunning, durations.runs(), block.end_ns, true);
  return {};
}

// The same call with nothing in it: what the instrument itself takes, and what it makes of nothing.
Status LoopJob::no_runs(Block& block, int64_t length_ns) {
  tell(Phase::kSham, durations.runs(), monotonic_ns(), true);
  if (Status failed = synchronise(); !failed.ok()) return failed;
  block.start_ns = monotonic_ns();
  if (!abort_.sleep_until(block.start_ns + length_ns)) return aborted();
  if (Status failed = synchronise(); !failed.ok()) return failed;
  block.end_ns = monotonic_ns();
  return {};
}

void LoopJob::note_others(const ort::Watch& watch, Block& block) {
  for (const ort::OtherUse& use : watch.others()) {
    block.other_jobs += use.jobs;
    const auto same = [&use](const ort::OtherUse& known) { return known.name == use.name; };
    const auto known = std::find_if(others.begin(), others.end(), same);
    if (known == others.end()) {
      others.push_back(use);
    } else {
      known->jobs += use.jobs;
    }
  }
}

Status LoopJob::sleep_until(Phase phase, int64_t deadline_ns) {
  const int64_t now = monotonic_ns();
  if (deadline_ns <= now) return {};
  tell(phase, durations.runs(), now, true);
  return abort_.sleep_until(deadline_ns) ? Status() : aborted();
}

void LoopJob::tell(Phase phase, uint64_t runs, int64_t now_ns, bool always) {
  Progressing::tell({phase, runs, blocks.size(), now_ns - began_ns_}, now_ns, always);
}

}  // namespace mj::measure
