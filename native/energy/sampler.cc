#include "energy/sampler.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "energy/counter_tracker.h"
#include "energy/edge_predictor.h"

namespace mj::energy {

namespace {

// This many failures in a row are no passing trouble.
constexpr int kFailuresToLose = 10;
constexpr int kPatiencePeriods = 3;

// Reads once, with the book-keeping that lets others see a call that does not return.
ReadOutcome read_once(SamplerContext& context, int64_t scheduled, int64_t period, RawReading* out) noexcept {
  ThreadHealth& health = *context.health;
  health.begin_call(monotonic_ns(), scheduled, period);
  const ReadOutcome outcome = context.source->read(out);
  health.end_call();
  return outcome;
}

// What a read of an energy counter told. True where somebody may have waited for it.
bool publish(const CounterTracker& tracker, const CounterTracker::Outcome& outcome, Series& series) noexcept {
  series.point.store(tracker.point());
  series.peak_w.store(tracker.peak_w(), std::memory_order_relaxed);
  if (outcome.fault.fault != Fault::kNone) series.edges->push(outcome.fault);
  if (outcome.has_edge) {
    if (outcome.has_hold) series.edges->push(outcome.hold);
    series.edges->push(outcome.edge);
  } else if (outcome.has_hold) {
    series.edges->hold(outcome.hold);
  }
  return outcome.has_edge || outcome.has_hold;
}

// What a power reading told of the energy that is counted from it.
bool publish(const PowerCounter::Outcome& outcome, Series& series) noexcept {
  if (outcome.fault.fault != Fault::kNone) series.edges->push(outcome.fault);
  if (outcome.has_edge) series.edges->push(outcome.edge);
  return outcome.has_edge;
}

std::vector<std::optional<PowerCounter>> power_counters(const SamplerContext& context) {
  std::vector<std::optional<PowerCounter>> out(context.series.size());
  for (size_t i = 0; i < out.size(); ++i) {
    if (const auto& integrated = context.series[i]->info.integrated) out[i].emplace(integrated->kernel);
  }
  return out;
}

// True when the source is gone for good.
bool lost(SamplerContext& context, const ReadOutcome& outcome, int& failures) noexcept {
  failures = outcome.failed ? failures + 1 : 0;
  if (outcome.failed || outcome.fault == Fault::kClockStep) {
    context.health->dropped.fetch_add(1, std::memory_order_relaxed);
  }
  if (outcome.fault != Fault::kLost && failures < kFailuresToLose) return false;
  const int64_t now = monotonic_ns();
  for (const auto& series : context.series) {
    if (series->edges) series->edges->push(FaultEvent{now, Fault::kLost});
  }
  context.health->fault = Fault::kLost;
  return true;
}

void finish(SamplerContext& context) noexcept {
  context.health->finished = true;
  context.on_edge();
}

}  // namespace

const char* sampler_state_name(SamplerState state) noexcept {
  static constexpr const char* kNames[] = {"running", "stopped", "lost", "stuck"};
  return kNames[static_cast<size_t>(state)];
}

SamplerState ThreadHealth::state(int64_t now) const noexcept {
  if (fault.load() == Fault::kLost) return SamplerState::kLost;
  if (finished.load()) return SamplerState::kStopped;
  const int64_t since = in_call_since.load();
  return since != 0 && now - since > kStuckCallNs ? SamplerState::kStuck : SamplerState::kRunning;
}

void ThreadHealth::begin_call(int64_t now, int64_t scheduled, int64_t period_ns) noexcept {
  if (scheduled > 0 && now - scheduled > period_ns / 10) late.fetch_add(1, std::memory_order_relaxed);
  reads.fetch_add(1, std::memory_order_relaxed);
  in_call_since.store(now, std::memory_order_relaxed);
}

void ThreadHealth::end_call() noexcept {
  in_call_since.store(0, std::memory_order_relaxed);
  cpu_ns.store(thread_cpu_ns(), std::memory_order_relaxed);
}

void WindowGate::end(int64_t now) noexcept {
  need_edge_after(now);
  open_.fetch_sub(1);
}

void WindowGate::need_edge_after(int64_t instant) noexcept {
  int64_t known = needed_.load();
  while (known < instant && !needed_.compare_exchange_weak(known, instant)) {
  }
}

bool WindowGate::active(int64_t now, int64_t newest_edge_lo, int64_t patience_ns) const noexcept {
  return !windows_only_ || in_window(now, newest_edge_lo, patience_ns);
}

bool WindowGate::in_window(int64_t now, int64_t newest_edge_lo, int64_t patience_ns) const noexcept {
  if (open_.load() > 0) return true;
  const int64_t needed = needed_.load();
  return newest_edge_lo < needed && now <= needed + patience_ns;
}

void run_edge_sampler(SamplerContext& context, StopSignal& stop) {
  Series& series = *context.series.front();
  const int64_t period = context.source->period_ns();
  CounterTracker tracker(series.rules);
  EdgePredictor predictor(period);
  pin_this_thread(context.source->cpus());
  context.health->started_at = monotonic_ns();
  predictor.resume(monotonic_ns());
  bool paused = false;
  int failures = 0;
  while (!stop.stopped()) {
    const bool slow = context.source->slow();
    if (slow && !context.gate->active(monotonic_ns(), series.edges->newest_lo(), kPatiencePeriods * period)) {
      paused = true;
      tracker.pause();
      stop.wait(monotonic_ns() + 3600 * kNsPerSecond);
      continue;
    }
    if (paused) predictor.resume(monotonic_ns());
    paused = false;

    const bool planned = !context.gate->dense();
    const int64_t scheduled = planned ? predictor.next_read() : monotonic_ns();
    if (!stop.sleep_until(scheduled)) break;
    RawReading reading;
    const ReadOutcome read = read_once(context, planned && predictor.tracking() ? scheduled : 0, period, &reading);
    if (lost(context, read, failures)) break;
    if (read.count == 0) {
      stop.sleep_until(monotonic_ns() + period);
      continue;
    }
    const uint64_t missed_before = predictor.missed();
    const CounterTracker::Outcome outcome = tracker.observe(reading.t_before, reading.t_after, reading.raw);
    predictor.observe(reading.t_before, reading.t_after, outcome.changed, outcome.edge.lo);
    context.health->dropped.fetch_add(predictor.missed() - missed_before, std::memory_order_relaxed);
    if (outcome.has_edge && predictor.tracking()) {
      series.learned_period_u_ns = predictor.period_u_ns();
      series.learned_period_ns = predictor.period_ns();
    }
    if (publish(tracker, outcome, series)) context.on_edge();
  }
  finish(context);
}

// When a periodic source is read. Absolute: a late read does not move the ones after it, and reads that are past are
// left out. A window that opens brings the next read forward.
class Schedule {
 public:
  explicit Schedule(const SamplerContext& context) : context_(context), period_(context.source->period_ns()) {}

  [[nodiscard]] int64_t period() const noexcept { return period_; }
  // When the read that may begin now was due; 0: stopped.
  int64_t wait(StopSignal& stop) {
    const bool in_time = context_.source->window_period_ns() > 0 ? stop.wait(next_) : stop.sleep_until(next_);
    return in_time ? std::min(next_, monotonic_ns()) : 0;
  }

  void advance(int64_t read_at) noexcept {
    const int64_t now = monotonic_ns();
    const int64_t period = wanted_period(now);
    // Another pace, or a read out of turn, begins a new schedule.
    if (period != period_ || read_at < next_) next_ = read_at;
    period_ = period;
    next_ += period;
    if (next_ < now) next_ += ((now - next_) / period + 1) * period;
  }

 private:
  [[nodiscard]] int64_t wanted_period(int64_t now) const noexcept {
    const Source& source = *context_.source;
    if (source.window_period_ns() == 0) return source.period_ns();
    // All channels of a source come from one read.
    int64_t newest = std::numeric_limits<int64_t>::min();
    for (const auto& series : context_.series) {
      if (series->edges) newest = std::max(newest, series->edges->newest_lo());
    }
    const bool open = context_.gate->in_window(now, newest, kPatiencePeriods * source.period_ns());
    return open ? source.window_period_ns() : source.period_ns();
  }

  const SamplerContext& context_;
  int64_t period_;
  int64_t next_ = monotonic_ns();
};

void run_periodic_sampler(SamplerContext& context, StopSignal& stop) {
  std::vector<RawReading> readings(context.source->max_readings());
  std::vector<CounterTracker> trackers;
  trackers.reserve(context.series.size());
  for (const auto& series : context.series) trackers.emplace_back(series->rules);
  std::vector<std::optional<PowerCounter>> counters = power_counters(context);
  pin_this_thread(context.source->cpus());
  context.health->started_at = monotonic_ns();
  Schedule schedule(context);
  int failures = 0;
  while (const int64_t due = schedule.wait(stop)) {
    const ReadOutcome read = read_once(context, due, schedule.period(), readings.data());
    if (lost(context, read, failures)) break;
    bool told = false;
    for (size_t i = 0; i < read.count; ++i) {
      const RawReading& reading = readings[i];
      Series& series = *context.series[reading.channel];
      if (series.power) {
        const PowerSample sample{reading.t_before, reading.t_after,
                                 static_cast<double>(reading.raw) * series.info.unit};
        series.power->push(sample);
        if (series.edges) told |= publish(counters[reading.channel]->observe(sample), series);
        continue;
      }
      CounterTracker& tracker = trackers[reading.channel];
      told |= publish(tracker, tracker.observe(reading.t_before, reading.t_after, reading.raw), series);
    }
    if (told) context.on_edge();
    schedule.advance(due);
  }
  finish(context);
}

void run_conditions_sampler(ConditionsContext& context, StopSignal& stop) {
  context.health->started_at = monotonic_ns();
  const int64_t period = context.source->period_ns();
  int64_t next = monotonic_ns();
  int failures = 0;
  bool asked = false;
  do {
    ConditionSample sample;
    Fault fault = Fault::kNone;
    context.health->begin_call(monotonic_ns(), 0, period);
    const bool any = context.source->read(sample, fault, asked);
    context.health->end_call();
    if (any) context.samples.push(sample);
    failures = any ? 0 : failures + 1;
    if (fault == Fault::kLost || failures >= kFailuresToLose) {
      context.health->fault = Fault::kLost;
      break;
    }
    next = std::max(next + period, monotonic_ns());
    // `wake` brings the next look forward: at the end of a window.
    if (!stop.wait(next)) break;
    asked = monotonic_ns() < next;
  } while (true);
  context.health->finished = true;
}

}  // namespace mj::energy
