#include "energy/window.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "energy/window_bounds.h"
#include "energy/window_faults.h"
#include "energy/window_figure.h"
#include "energy/window_idle.h"

namespace mj::energy {

namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
// An update later than this many periods is missing, not merely due.
constexpr double kOverdue = 1.5;

// Whether the timeline reaches the instants asked for, give or take the update that is due.
Cause beyond(const EdgeIndex& index, const CounterView& counter, int64_t a, int64_t b) {
  const auto slack = static_cast<int64_t>(kOverdue * static_cast<double>(counter.traits.period_ns));
  if (b > index.edge(index.size() - 1).hi + slack) {
    const Cause fault = fault_within(counter.faults, index.edge(index.size() - 1).lo, b);
    return fault != Cause::kNone ? fault : Cause::kNoUpdate;
  }
  if (a < index.edge(0).lo - slack) return Cause::kHistoryLost;
  return index.size() < 2 ? Cause::kNoUpdate : Cause::kNone;
}

// The faults that matter to an energy from a to b: between the edges around both.
Cause fault_around(const EdgeIndex& index, const CounterView& counter, int64_t a, int64_t b) {
  const ptrdiff_t left = index.at_or_before(static_cast<double>(a));
  const auto right = static_cast<size_t>(index.at_or_before(static_cast<double>(b)) + 1);
  const int64_t from = left >= 0 ? std::min(a, index.edge(static_cast<size_t>(left)).lo) : a;
  const int64_t to = right < index.size() ? std::max(b, index.edge(right).hi) : b;
  return fault_within(counter.faults, from, to);
}

// Whole steps at both ends.
double quantum_term(const CounterTraits& traits) {
  const double half = 0.5 * traits.quantum_j;
  return rectangular_sum({half, half});
}

// Falls with the length of the effect as its two ends become a smaller part of it; the 0.4 is a fit ([H100]).
double phase_term(const CounterTraits& traits, double joules, int64_t length_ns) {
  if (traits.phase_sensitivity <= 0 || traits.period_ns <= 0) return 0;
  const double periods = static_cast<double>(length_ns) / static_cast<double>(traits.period_ns);
  return rectangular_sum({traits.phase_sensitivity / (1 + periods / 0.4) * std::fabs(joules)});
}

Figure window_figure(const EdgeIndex& index, const CounterView& counter, const Window& window) {
  const CounterTraits& traits = counter.traits;
  const double length = seconds(window.b - window.a);
  const Cause fault = fault_around(index, counter, window.a, window.b);
  if (voids_energy(fault)) return middle_of(bounds_across_faults(index, counter.faults, window.a, window.b), fault);

  const CutEnergy start = index.cut(window.a);
  const CutEnergy end = index.cut(window.b);
  Spread spread;
  spread.value = end.joules - start.joules;
  spread.below[Term::kCutInterval] = end.below.cut + start.above.cut;
  spread.above[Term::kCutInterval] = end.above.cut + start.below.cut;
  spread.below[Term::kEdgeTiming] = end.below.timing + start.above.timing;
  spread.above[Term::kEdgeTiming] = end.above.timing + start.below.timing;
  spread.below[Term::kAccumulation] = end.below.displacement + start.above.displacement;
  spread.above[Term::kAccumulation] = end.above.displacement + start.below.displacement;
  spread.below[Term::kTail] = start.above.tail;
  spread.above[Term::kTail] = end.above.tail;
  // Whatever the edges say, the power kept to its limits; a negative energy is not among them.
  const double fastest = traits.max_power_w > 0 ? traits.max_power_w * length : std::numeric_limits<double>::infinity();
  spread.limit(std::max(0.0, traits.min_power_w) * length, fastest);

  const double delay = seconds(traits.mark_delay_ns);
  spread.both(Term::kQuantum, quantum_term(traits));
  spread.both(Term::kMarkDelay, rectangular_sum({delay * std::fabs(start.watts), delay * std::fabs(end.watts)}));
  spread.both(Term::kPhase, phase_term(traits, spread.value, window.b - window.a));
  Cause cause = fault != Cause::kNone ? fault : beyond(index, counter, window.a, window.b);
  if (cause == Cause::kNone && (start.inconsistent || end.inconsistent)) cause = Cause::kInconsistent;
  return figure_of(spread, cause, EnergyKind::kWindow);
}

// One end of the guard: an edge in the declared quiet time, or else the instant itself with all that it may hide.
struct GuardEnd {
  double t_ns = 0;
  double joules = 0;
  double timing_s = 0;        // rectangular
  double displacement_s = 0;  // two-point
  Reach below;                // of the cut, where there is no edge
  Reach above;
};

// The innermost edge of the quiet time.
GuardEnd guard_end(const EdgeIndex& index, const QuietSide& side, bool before, int64_t instant) {
  GuardEnd end;
  if (side.edges.empty()) {
    const CutEnergy cut = index.cut(instant);
    end.t_ns = static_cast<double>(instant);
    end.joules = cut.joules;
    end.below = cut.below;
    end.above = cut.above;
    end.above.tail = 0;  // the guard already ends D later, and starts where nothing of ours had run
    return end;
  }
  const Edge& edge = index.edge(before ? side.edges.back() : side.edges.front());
  end.t_ns = mid_ns(edge);
  end.joules = edge.joules;
  end.timing_s = 0.5 * seconds(edge.hi - edge.lo);
  end.displacement_s = seconds(index.displacement(edge));
  return end;
}

// Without a declared idle the level is anything from the least power to the mean over the guard itself.
IdleLine undeclared_idle(const CounterTraits& traits, double mean_watts) {
  IdleLine line;
  const double least = std::min(std::max(0.0, traits.min_power_w), mean_watts);
  line.watts = 0.5 * (least + mean_watts);
  line.drift = 0.5 * (mean_watts - least);
  return line;
}

Figure caused_across_fault(const EdgeIndex& index, const CounterView& counter, int64_t from, int64_t to,
                           const IdleLine& idle, Cause cause) {
  const EnergyBounds gross = bounds_across_faults(index, counter.faults, from, to);
  const double length = seconds(to - from);
  const double reach = idle.level + idle.drift;
  const double most = idle.known ? idle.watts + reach : counter.traits.max_power_w;
  const double least = idle.known ? idle.watts - reach : std::max(0.0, counter.traits.min_power_w);
  return middle_of({gross.lo - most * length, gross.hi - least * length}, cause);
}

Figure caused_figure(const EdgeIndex& index, const CounterView& counter, const Window& window, Estimate& estimate) {
  const CounterTraits& traits = counter.traits;
  const int64_t settled = window.b + traits.decay_ns;
  const int64_t from = window.a - window.idle_before_ns;
  const int64_t to = std::max(settled, window.b + window.idle_after_ns);
  QuietSide before;
  QuietSide after;
  // A side with a fault in it says nothing; what came before the quiet time needs D as well.
  if (window.idle_before_ns > 0 && !voids_energy(fault_within(counter.faults, from, window.a))) {
    before = quiet_side(index, from + traits.decay_ns, window.a);
  }
  if (window.idle_after_ns > 0 && !voids_energy(fault_within(counter.faults, window.b, to))) {
    after = quiet_side(index, settled, to);
  }
  const GuardEnd start = guard_end(index, before, true, window.a);
  const GuardEnd end = guard_end(index, after, false, settled);
  const double length = seconds(end.t_ns - start.t_ns);
  IdleLine idle = idle_line(index, before, after, start.t_ns, end.t_ns);
  if (before.has_level()) estimate.idle_before = {before.watts, idle.level_before};
  if (after.has_level()) estimate.idle_after = {after.watts, idle.level_after};
  if (idle.known) {
    // Not std::hypot: glibc 2.35 has a new version of it, which Red Hat 9 lacks.
    const double drift = rectangular_sum({idle.drift});
    estimate.idle = {idle.watts, std::sqrt(idle.level * idle.level + drift * drift)};
  }

  const Cause fault = fault_around(index, counter, std::min(from, window.a), to);
  const Cause guard_fault = fault_around(index, counter, window.a, settled);
  if (voids_energy(guard_fault)) {
    return caused_across_fault(index, counter, window.a, settled, idle, guard_fault);
  }

  const double gross = end.joules - start.joules;
  if (!idle.known) idle = undeclared_idle(traits, length > 0 ? std::max(0.0, gross / length) : 0);
  Spread spread;
  spread.value = gross - idle.watts * length;
  spread.below[Term::kCutInterval] = end.below.total() + start.above.total();
  spread.above[Term::kCutInterval] = end.above.total() + start.below.total();
  const double watts = std::fabs(idle.watts);
  spread.both(Term::kAccumulation, watts * (start.displacement_s + end.displacement_s));
  spread.both(Term::kEdgeTiming, rectangular_sum({watts * start.timing_s, watts * end.timing_s}));
  spread.both(Term::kQuantum, quantum_term(traits));
  spread.both(Term::kIdleLevel, idle.level * length);
  // Two states, or no level at all: any of the levels in between, at full width.
  const bool open_level = !idle.known || idle.state_changed;
  spread.both(Term::kIdleDrift, (open_level ? idle.drift : rectangular_sum({idle.drift})) * length);
  spread.both(Term::kTail, traits.decay_ns > 0 ? std::exp(-kDecayEfolds) * std::fabs(spread.value) : 0);
  spread.both(Term::kPhase, phase_term(traits, spread.value, window.b - window.a));
  spread.drift_is_two_point = open_level;

  Cause cause = fault;
  if (cause == Cause::kNone) cause = beyond(index, counter, window.a, settled);
  if (cause == Cause::kNone && idle.state_changed) cause = Cause::kIdleStateChanged;
  return figure_of(spread, cause, EnergyKind::kCaused);
}

}  // namespace

Estimate estimate(const CounterView& counter, const Window& window) {
  Estimate result;
  result.idle_before.watts = result.idle_after.watts = result.idle.watts = kNone;
  if (counter.edges.empty()) {
    result.window.value = result.window.lo = result.window.hi = kNone;
    result.caused = result.window;
    return result;
  }
  if (window.b < window.a) {
    result.window = result.caused = no_figure(Cause::kInconsistent);
    return result;
  }
  const EdgeIndex index(counter, window);
  result.window = window_figure(index, counter, window);
  result.caused = caused_figure(index, counter, window, result);
  return result;
}

}  // namespace mj::energy
