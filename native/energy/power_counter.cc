#include "energy/power_counter.h"

#include <algorithm>

#include "base/clock.h"

namespace mj::energy {

namespace {

// Later than so many periods an update was missed, or showed the same value again.
constexpr double kOverdue = 1.5;
// Nothing is known of so long a time without readings.
constexpr int64_t kLostNs = 2 * kNsPerSecond;

double seconds(int64_t ns) noexcept { return static_cast<double>(ns) / kNsPerSecond; }

}  // namespace

int64_t PowerKernel::step_ns() const noexcept { return std::max({period_ns, averaging_ns, unplaced_ns}); }

PowerCounter::Outcome PowerCounter::observe(const PowerSample& reading) noexcept {
  Outcome outcome = kernel_.stamped ? observe_stamped(reading) : observe_polled(reading);
  started_ = true;
  last_ = reading;
  return outcome;
}

// What the filter let through between two samples is taken for straight.
PowerCounter::Outcome PowerCounter::observe_stamped(const PowerSample& reading) noexcept {
  Outcome outcome;
  const int64_t length = started_ ? reading.lo - last_.lo : 0;
  if (length > kLostNs) outcome.fault = {reading.lo, Fault::kHistoryLost};
  joules_ += 0.5 * (last_.watts + reading.watts) * seconds(length);
  const int64_t at = reading.lo - kernel_.lag_ns;
  outcome.has_edge = true;
  outcome.edge = {at - kernel_.stamp_jitter_ns, at + kernel_.stamp_jitter_ns, joules_};
  return outcome;
}

PowerCounter::Outcome PowerCounter::observe_polled(const PowerSample& reading) noexcept {
  Outcome outcome;
  if (!started_) return outcome;
  const bool changed = reading.watts != last_.watts;
  if (changed || !placed_) {
    // As the period tells where the bracket allows it: what the bracket leaves open is then no error of each step.
    const int64_t length = reading.hi - updated_at_;
    const int64_t periods = std::max<int64_t>(1, (length + kernel_.period_ns / 2) / kernel_.period_ns);
    const int64_t expected = updated_at_ + periods * kernel_.period_ns;
    const int64_t at = placed_ ? std::clamp(expected, last_.lo, reading.hi) : reading.hi;
    update(last_.lo, reading.hi, at, reading.watts, outcome);
    return outcome;
  }
  // The same value again tells as much as another.
  const double periods = seconds(reading.lo - updated_at_) / seconds(kernel_.period_ns);
  if (periods < kOverdue) return outcome;
  const int64_t at = updated_at_ + static_cast<int64_t>(periods - kOverdue + 1) * kernel_.period_ns;
  const int64_t half = reading.hi - last_.lo;
  update(at - half, std::min(at + half, reading.hi), at, reading.watts, outcome);
  return outcome;
}

void PowerCounter::update(int64_t lo, int64_t hi, int64_t at, double watts, Outcome& outcome) noexcept {
  const int64_t since_edge = at - edge_at_;
  const bool first = !placed_;
  if (!first) {
    const bool mean = kernel_.averaging_ns > kernel_.period_ns;
    pending_j_ = mean ? watts * seconds(since_edge) : pending_j_ + watts * seconds(at - updated_at_);
    if (at - updated_at_ > kLostNs + kernel_.step_ns()) outcome.fault = {at, Fault::kHistoryLost};
  }
  placed_ = true;
  updated_at_ = at;
  if (!first && since_edge < kernel_.step_ns() - kernel_.period_ns / 2) return;
  joules_ += pending_j_;
  pending_j_ = 0;
  edge_at_ = at;
  // A value stands for the time around the middle of what it is the mean of.
  const int64_t later = std::max<int64_t>(0, kernel_.period_ns - kernel_.averaging_ns) / 2;
  outcome.has_edge = true;
  outcome.edge = {lo + later - kernel_.unplaced_ns, hi + later, joules_};
}

std::vector<PowerSample> power_updates(const std::vector<PowerSample>& readings) {
  std::vector<PowerSample> out;
  for (size_t i = 1; i < readings.size(); ++i) {
    if (readings[i].watts == readings[i - 1].watts) continue;
    out.push_back({readings[i - 1].lo, readings[i].hi, readings[i].watts});
  }
  return out;
}

}  // namespace mj::energy
