#include "energy/counter_tracker.h"

#include "base/clock.h"

namespace mj::energy {

namespace {

// More than any board or package takes; used where the limit is not known.
constexpr double kImplausibleW = 10'000;

}  // namespace

CounterTracker::Outcome CounterTracker::observe(int64_t t_before, int64_t t_after, uint64_t raw) noexcept {
  Outcome outcome;
  if (!started_) {
    started_ = watched_ = true;
    raw_ = raw;
    last_before_ = unchanged_since_ = t_before;
    return outcome;
  }
  if (!watched_) unchanged_since_ = t_before;
  watched_ = true;
  if (raw == raw_) {
    if (rules_.stuck_after_ns > 0 && t_before - unchanged_since_ > rules_.stuck_after_ns) {
      outcome.fault = {t_before, Fault::kStuck};
      unchanged_since_ = t_before;
    }
  } else {
    outcome.changed = outcome.has_edge = true;
    outcome.fault.at = t_after;
    // Counted from the first edge on: what was gathered before it belongs to nobody's window.
    if (has_origin_) joules_ += advance(t_after, raw, outcome.fault.fault);
    has_origin_ = true;
    outcome.edge = {last_before_, t_after, joules_};
    raw_ = raw;
    unchanged_since_ = t_before;
  }
  last_before_ = t_before;
  return outcome;
}

double CounterTracker::advance(int64_t t_after, uint64_t raw, Fault& fault) const noexcept {
  const double power = rules_.max_power_w > 0 ? rules_.max_power_w : kImplausibleW;
  const double plausible = power * static_cast<double>(t_after - last_before_) / kNsPerSecond;
  if (raw > raw_) return static_cast<double>(raw - raw_) * rules_.unit_j;
  if (rules_.modulus > 0) {
    const double wrapped = static_cast<double>(rules_.modulus - raw_ + raw) * rules_.unit_j;
    if (wrapped <= plausible) return wrapped;
    fault = Fault::kReset;
    return 0;
  }
  fault = static_cast<double>(raw) * rules_.unit_j <= plausible ? Fault::kReset : Fault::kBackwards;
  return 0;
}

}  // namespace mj::energy
