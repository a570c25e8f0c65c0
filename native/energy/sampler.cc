#include "energy/sampler.h"

#include <algorithm>

#include "energy/counter_tracker.h"
#include "energy/edge_predictor.h"

namespace mj::energy {

namespace {

// This many failures in a row are no passing trouble.
constexpr int kFailuresToLose = 10;
constexpr int kPatiencePeriods = 3;

CounterTracker tracker_of(const ChannelInfo& channel) {
  CounterTracker::Rules rules;
  rules.unit_j = channel.unit;
  rules.modulus = channel.modulus;
  rules.max_power_w = channel.traits.max_power_w;
  rules.stuck_after_ns = kPatiencePeriods * channel.traits.period_ns;
  return CounterTracker(rules);
}

// Reads once, with the book-keeping that lets others see a call that does not return.
ReadOutcome read_once(SamplerContext& context, int64_t scheduled, RawReading* out) noexcept {
  ThreadHealth& health = *context.health;
  health.begin_call(monotonic_ns(), scheduled, context.source->period_ns());
  const ReadOutcome outcome = context.source->read(out);
  health.end_call();
  return outcome;
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
  if (!windows_only_ || open_.load() > 0) return true;
  const int64_t needed = needed_.load();
  return newest_edge_lo < needed && now <= needed + patience_ns;
}

void run_edge_sampler(SamplerContext& context, StopSignal& stop) {
  Series& series = *context.series.front();
  const int64_t period = context.source->period_ns();
  CounterTracker tracker = tracker_of(series.info);
  EdgePredictor predictor(period);
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
    const ReadOutcome read = read_once(context, planned && predictor.tracking() ? scheduled : 0, &reading);
    if (lost(context, read, failures)) break;
    if (read.count == 0) {
      stop.sleep_until(monotonic_ns() + period);
      continue;
    }
    const uint64_t missed_before = predictor.missed();
    const CounterTracker::Outcome outcome = tracker.observe(reading.t_before, reading.t_after, reading.raw);
    predictor.observe(reading.t_before, reading.t_after, outcome.changed, outcome.edge.lo);
    context.health->dropped.fetch_add(predictor.missed() - missed_before, std::memory_order_relaxed);
    if (outcome.fault.fault != Fault::kNone) series.edges->push(outcome.fault);
    if (outcome.has_edge) {
      if (predictor.tracking()) series.learned_period_ns = predictor.period_ns();
      series.edges->push(outcome.edge);
      context.on_edge();
    }
  }
  finish(context);
}

void run_periodic_sampler(SamplerContext& context, StopSignal& stop) {
  const Source& source = *context.source;
  std::vector<RawReading> readings(source.max_readings());
  std::vector<CounterTracker> trackers;
  trackers.reserve(context.series.size());
  for (const auto& series : context.series) trackers.push_back(tracker_of(series->info));
  const int64_t period = source.period_ns();
  context.health->started_at = monotonic_ns();
  int64_t next = monotonic_ns();
  int failures = 0;
  while (stop.sleep_until(next)) {
    const ReadOutcome read = read_once(context, next, readings.data());
    if (lost(context, read, failures)) break;
    bool edge = false;
    for (size_t i = 0; i < read.count; ++i) {
      const RawReading& reading = readings[i];
      Series& series = *context.series[reading.channel];
      if (series.power) {
        series.power->push({reading.t_before, reading.t_after, static_cast<double>(reading.raw) * series.info.unit});
        continue;
      }
      const auto outcome = trackers[reading.channel].observe(reading.t_before, reading.t_after, reading.raw);
      if (outcome.fault.fault != Fault::kNone) series.edges->push(outcome.fault);
      if (!outcome.has_edge) continue;
      series.edges->push(outcome.edge);
      edge = true;
    }
    if (edge) context.on_edge();
    // Absolute: a late read does not move the ones after it, and reads that are past are left out.
    next += period;
    const int64_t now = monotonic_ns();
    if (next < now) next += (now - next) / period * period + period;
  }
  finish(context);
}

void run_conditions_sampler(ConditionsContext& context, StopSignal& stop) {
  context.health->started_at = monotonic_ns();
  const int64_t period = context.source->period_ns();
  int64_t next = monotonic_ns();
  int failures = 0;
  do {
    ConditionSample sample;
    Fault fault = Fault::kNone;
    context.health->begin_call(monotonic_ns(), 0, period);
    const bool any = context.source->read(sample, fault);
    context.health->end_call();
    if (any) context.samples.push(sample);
    failures = any ? 0 : failures + 1;
    if (fault == Fault::kLost || failures >= kFailuresToLose) {
      context.health->fault = Fault::kLost;
      break;
    }
    next = std::max(next + period, monotonic_ns());
    // `wake` brings the next look forward: at the end of a window.
  } while (stop.wait(next));
  context.health->finished = true;
}

}  // namespace mj::energy
