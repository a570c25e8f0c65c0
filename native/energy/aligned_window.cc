#include "energy/aligned_window.h"

#include <algorithm>
#include <cmath>

#include "base/clock.h"
#include "base/squares.h"
#include "energy/steps.h"
#include "energy/window_figure.h"
#include "energy/window_idle.h"

namespace mj::energy {

namespace {

constexpr size_t kFewestSteps = 3;

double middle(const Edge& edge) noexcept {
  return static_cast<double>(edge.lo) + 0.5 * static_cast<double>(edge.hi - edge.lo);
}
double half_width_s(const Edge& edge) noexcept { return seconds(0.5 * static_cast<double>(edge.hi - edge.lo)); }

// The spin on one side of the window.
struct Spin {
  double watts = 0;
  double scatter_w = 0;   // standard deviation from one step to the next
  double interval_s = 0;  // between two steps
  size_t intervals = 0;
};

Spin spin_of(const Span<Edge>& steps, double quantum_j) {
  Spin spin;
  const double elapsed_s = seconds(middle(steps.back()) - middle(steps[0]));
  spin.intervals = steps.size - 1;
  spin.watts = (steps.back().joules - steps[0].joules) / elapsed_s;
  spin.interval_s = elapsed_s / static_cast<double>(spin.intervals);
  double squares = 0;
  for (const StepPower& power : powers_between(steps, quantum_j)) squares += square(power.watts - spin.watts);
  spin.scatter_w = std::sqrt(squares / static_cast<double>(spin.intervals - 1));
  return spin;
}

double student(const Spin& spin) noexcept { return student_t95(static_cast<int>(spin.intervals) - 1); }

// Half-width of the energy at a step: what varies from step to step may as well be the time between a value and its
// publication, which both ends of each interval have.
double publication_uncertainty(const Spin& spin) noexcept {
  return student(spin) * spin.scatter_w * spin.interval_s / std::sqrt(2.0);
}

// Half-width of the spin's energy over `gap_s`, which is not between steps: its power varies there as it does between
// them (as noise within one interval, alike over several), and its mean is known from these only.
double spin_uncertainty(const Spin& spin, double gap_s) noexcept {
  const double intervals = static_cast<double>(spin.intervals);
  const double variance = gap_s * std::max(gap_s, spin.interval_s) + square(gap_s) / intervals;
  return student(spin) * spin.scatter_w * std::sqrt(variance);
}

}  // namespace

Figure aligned_window(const AlignedSteps& steps, int64_t a, int64_t b, const CounterTraits& traits) {
  if (steps.before.size < kFewestSteps || steps.after.size < kFewestSteps) return no_figure(Cause::kNoUpdate);
  const Edge& first = steps.before.back();
  const Edge& last = steps.after[0];
  const Spin before = spin_of(steps.before, traits.quantum_j);
  const Spin after = spin_of(steps.after, traits.quantum_j);
  const double gap_before_s = seconds(static_cast<double>(a) - middle(first));
  const double gap_after_s = seconds(middle(last) - static_cast<double>(b));
  const double between_j = last.joules - first.joules;
  // A thread that was kept from running between two reads does not know what ran instead.
  const double most_w = std::max({before.watts, after.watts, between_j / seconds(middle(last) - middle(first))});
  const double delay_j = seconds(static_cast<double>(traits.mark_delay_ns)) * most_w;
  Spread spread;
  spread.value = between_j - before.watts * gap_before_s - after.watts * gap_after_s;
  spread.both(Term::kEdgeTiming, most_w * rectangular_pair95(half_width_s(first), half_width_s(last)));
  spread.both(Term::kAccumulation, root_sum_square(publication_uncertainty(before), publication_uncertainty(after)));
  spread.both(Term::kQuantum, rectangular_pair95(0.5 * traits.quantum_j, 0.5 * traits.quantum_j));
  spread.both(Term::kCutInterval,
              root_sum_square(spin_uncertainty(before, gap_before_s), spin_uncertainty(after, gap_after_s)));
  spread.both(Term::kMarkDelay, rectangular_sum({delay_j, delay_j}));
  return figure_of(spread, Cause::kNone);
}

}  // namespace mj::energy
