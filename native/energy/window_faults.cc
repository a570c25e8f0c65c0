#include "energy/window_faults.h"

#include <algorithm>
#include <limits>

namespace mj::energy {

namespace {

const FaultEvent* first_at_or_after(const Span<FaultEvent>& faults, int64_t t) noexcept {
  return std::lower_bound(faults.begin(), faults.end(), t,
                          [](const FaultEvent& event, int64_t at) { return event.at < at; });
}

}  // namespace

Cause cause_of(Fault fault) noexcept {
  switch (fault) {
    case Fault::kNone:
      return Cause::kNone;
    case Fault::kReset:
      return Cause::kCounterReset;
    case Fault::kBackwards:
      return Cause::kCounterBackwards;
    case Fault::kJump:
      return Cause::kCounterJump;
    case Fault::kAmbiguousWrap:
      return Cause::kWrapAmbiguous;
    case Fault::kStuck:
      return Cause::kCounterStuck;
    case Fault::kLost:
      return Cause::kDeviceLost;
    case Fault::kHistoryLost:
      return Cause::kHistoryLost;
    case Fault::kClockStep:
      return Cause::kClockStep;
  }
  return Cause::kInconsistent;
}

Cause fault_within(const Span<FaultEvent>& faults, int64_t from, int64_t to) noexcept {
  Cause first = Cause::kNone;
  for (const FaultEvent* event = first_at_or_after(faults, from); event != faults.end() && event->at <= to; ++event) {
    const Cause cause = cause_of(event->fault);
    if (voids_energy(cause)) return cause;
    if (first == Cause::kNone) first = cause;
  }
  return first;
}

// A clock step voids the driver's own stamps, not the counter's energy.
bool voids_energy(Cause cause) noexcept { return cause != Cause::kNone && cause != Cause::kClockStep; }

EnergyBounds bounds_across_faults(const EdgeIndex& index, const Span<FaultEvent>& faults, int64_t a, int64_t b) {
  double known_joules = 0;
  double known_shortest = 0;  // least and most time that the known energy may have taken
  double known_longest = 0;
  const auto count = static_cast<ptrdiff_t>(index.size());
  const auto edge = [&index](ptrdiff_t i) -> const Edge& { return index.edge(static_cast<size_t>(i)); };

  // Runs of edges within [a, b], broken wherever a fault lies between two of them or in one's bracket.
  const FaultEvent* fault = first_at_or_after(faults, a);
  ptrdiff_t i = std::max<ptrdiff_t>(0, index.at_or_before(static_cast<double>(a)));
  while (i < count && index.earliest(edge(i)) < a) ++i;
  while (i < count && index.latest(edge(i)) <= b) {
    while (fault != faults.end() && (fault->at < edge(i).lo || !voids_energy(cause_of(fault->fault)))) ++fault;
    const bool broken = fault != faults.end();
    ptrdiff_t end = i;  // the last edge that is certainly before the fault
    while (end + 1 < count && index.latest(edge(end + 1)) <= b && (!broken || edge(end + 1).hi < fault->at)) ++end;
    const bool starts_clean = !broken || edge(i).hi < fault->at;
    if (starts_clean && end > i) {
      known_joules += edge(end).joules - edge(i).joules;
      known_shortest += std::max(0.0, seconds(index.earliest(edge(end)) - index.latest(edge(i))));
      known_longest += seconds(index.latest(edge(end)) - index.earliest(edge(i)));
    }
    if (!broken) break;
    i = std::max(i + 1, end + 1);
  }
  const CounterTraits& traits = index.traits();
  const double length = seconds(b - a);
  const double fastest = traits.max_power_w > 0 ? traits.max_power_w : std::numeric_limits<double>::infinity();
  const double unknown = std::max(0.0, length - known_shortest);
  EnergyBounds result;
  result.lo = known_joules + std::max(0.0, traits.min_power_w) * std::max(0.0, length - known_longest);
  result.hi = known_joules + (unknown > 0 ? fastest * unknown : 0);
  return result;
}

}  // namespace mj::energy
