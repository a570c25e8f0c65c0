#include "energy/window.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/squares.h"
#include "energy/path_windows.h"
#include "energy/window_bounds.h"
#include "energy/window_faults.h"
#include "energy/window_figure.h"
#include "energy/window_idle.h"

namespace mj::energy {

namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
// An update later than this many periods is missing, not merely due.
constexpr double kOverdue = 1.5;
// 1.96 for a normal distribution, and 5 % more: the variances of a posterior are themselves found from the readings.
constexpr double kCoverage = 2.06;
// Readings of quiet time that contradict their model this clearly: the interval is widened, or nothing holds.
constexpr double kWidenBelow = 0.01;
constexpr double kSuspectBelow = 1e-6;

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

// What Student's t asks for over a normal distribution.
double student(double degrees) noexcept { return student_t95(std::max(1, static_cast<int>(degrees))) / 1.96; }

// Upper tail of chi-square by Wilson and Hilferty's cube root.
double chi_square_tail(double squares, int degrees) noexcept {
  if (degrees <= 0) return 1;
  const double v = degrees;
  const double z = (std::cbrt(squares / v) - (1 - 2 / (9 * v))) / std::sqrt(2 / (9 * v));
  return 0.5 * std::erfc(z / std::sqrt(2.0));
}

void set_terms(const PathShares& shares, Term open, Spread& spread) {
  const auto u95 = [&](PathShare share) { return kCoverage * std::sqrt(shares[static_cast<size_t>(share)]); };
  spread.both(Term::kEdgeTiming, u95(PathShare::kTiming));
  spread.both(Term::kAccumulation, u95(PathShare::kDisplacement));
  spread.both(Term::kQuantum, u95(PathShare::kValue));
  spread.both(Term::kKernel, u95(PathShare::kKernel));
  spread.both(Term::kSamples, u95(PathShare::kSamples));
  spread.both(open, u95(PathShare::kPath));
}

class Estimator {
 public:
  Estimator(const CounterView& counter, const WindowPosterior& posterior, const Window& window, size_t place)
      : counter_(counter),
        traits_(counter.traits),
        posterior_(posterior),
        window_(window),
        place_(place),
        index_(counter, window),
        length_s_(seconds(window.b - window.a)),
        gross_(posterior.gross(place)) {}

  Estimate estimate() {
    Estimate out;
    out.idle_before.watts = out.idle_after.watts = out.idle.watts = kNone;
    out.window = window_figure();
    out.caused = caused_figure(out);
    return out;
  }

 private:
  Figure window_figure() const {
    const Cause fault = fault_around(index_, counter_, window_.a, window_.b);
    if (voids_energy(fault))
      return middle_of(bounds_across_faults(index_, counter_.faults, window_.a, window_.b), fault);
    Spread spread;
    spread.value = gross_.value;
    set_terms(gross_.shares, Term::kCutInterval, spread);
    const double degrees = posterior_.at_start(place_).work_degrees();
    for (const Term term : {Term::kCutInterval, Term::kEdgeTiming}) {
      spread.both(term, spread.above[term] * student(degrees));
    }
    set_mark_terms(spread);
    widen(spread);
    const Cause reach = beyond(index_, counter_, window_.a, window_.b);
    if (reach != Cause::kNone && !(traits_.max_power_w > 0)) return no_figure(reach);
    extrapolate(window_.b, spread);
    const double fastest = traits_.max_power_w > 0 ? traits_.max_power_w : std::numeric_limits<double>::infinity();
    const double least_j = std::max(0.0, traits_.min_power_w) * length_s_;
    Cause cause = fault != Cause::kNone ? fault : reach;
    if (cause == Cause::kNone && !possible(spread, least_j, fastest * length_s_)) cause = Cause::kInconsistent;
    spread.limit(least_j, fastest * length_s_);
    if (cause == Cause::kNone && (index_.cut(window_.a).inconsistent || index_.cut(window_.b).inconsistent)) {
      cause = Cause::kInconsistent;
    }
    if (cause == Cause::kNone && contradiction()) cause = Cause::kInconsistent;
    return figure_of(spread, cause);
  }

  // Whether the interval holds any energy that power allows.
  static bool possible(const Spread& spread, double least_j, double most_j) {
    const Figure figure = figure_of(spread, Cause::kNone);
    const double slack = 1e-6 * std::max(1.0, std::fabs(spread.value));
    return !(figure.hi < least_j - slack) && !(figure.lo > most_j + slack);
  }

  void set_mark_terms(Spread& spread) const {
    spread.both(Term::kMarkDelay, 1.96 * std::sqrt(posterior_.delay_covariance(place_, place_)));
    spread.both(Term::kPhase, 1.96 * std::sqrt(posterior_.phase_covariance(place_, place_)));
    const double floor_w = posterior_.at_start(place_).has_idle() ? posterior_.at_start(place_).idle().level_w
                                                                  : std::max(0.0, traits_.min_power_w);
    set_coverage_terms(spread.value - floor_w * length_s_, floor_w, spread);
  }

  // Of energy counted from a power sensor's values. Work may keep step with the sensor, which then sees one part of it
  // only: with a phase that nobody knows.
  void set_coverage_terms(double net_j, double floor_w, Spread& spread) const {
    const PowerCoverage& coverage = posterior_.coverage();
    if (!coverage.partial()) return;
    spread.both(Term::kCoverage, kCoverage * std::sqrt(coverage.random_variance(window_.a, window_.b)));
    const PowerCoverage::Reach locked = coverage.locked(window_.a, window_.b, net_j, floor_w);
    spread.below[Term::kPhase] = root_sum_square(spread.below[Term::kPhase], locked.below);
    spread.above[Term::kPhase] = root_sum_square(spread.above[Term::kPhase], locked.above);
  }

  // Outside of the timeline nothing was seen: whatever the readings look like, any power may have been there.
  void extrapolate(int64_t end, Spread& spread) const {
    if (window_.a < index_.edge(0).lo) {
      const CutEnergy cut = index_.cut(window_.a);
      spread.below[Term::kCutInterval] += cut.above.total();
      spread.above[Term::kCutInterval] += cut.below.total();
    }
    if (end <= index_.edge(index_.size() - 1).hi) return;
    const CutEnergy cut = index_.cut(end);
    spread.below[Term::kCutInterval] += cut.below.total();
    spread.above[Term::kCutInterval] += cut.above.total();
  }

  // Birge's factor, where the quiet readings scatter by more than they should.
  void widen(Spread& spread) const {
    const double factor = birge();
    for (size_t i = 0; i < kTermCount; ++i) {
      spread.below[static_cast<Term>(i)] *= factor;
      spread.above[static_cast<Term>(i)] *= factor;
    }
  }
  [[nodiscard]] PathFilter::Surprise surprise() const {
    PathFilter::Surprise out = posterior_.at_start(place_).filter().quiet_surprise();
    if (posterior_.apart(place_)) {
      const PathFilter::Surprise& more = posterior_.at_end(place_).filter().quiet_surprise();
      out.squares += more.squares;
      out.count += more.count;
    }
    return out;
  }
  [[nodiscard]] double birge() const {
    const PathFilter::Surprise seen = surprise();
    if (chi_square_tail(seen.squares, seen.count) >= kWidenBelow) return 1;
    return std::max(1.0, std::sqrt(seen.squares / seen.count));
  }
  [[nodiscard]] bool contradiction() const {
    const PathFilter::Surprise seen = surprise();
    return chi_square_tail(seen.squares, seen.count) < kSuspectBelow;
  }

  Figure caused_figure(Estimate& estimate) {
    const int64_t settled = window_.b + traits_.decay_ns;
    const int64_t from = window_.a - window_.idle_before_ns;
    const int64_t to = std::max(settled, window_.b + window_.idle_after_ns);
    QuietSide before;
    QuietSide after;
    // A side with a fault in it says nothing; what came before the quiet time needs D as well.
    if (window_.idle_before_ns > 0 && !voids_energy(fault_within(counter_.faults, from, window_.a))) {
      before = quiet_side(index_, from + traits_.decay_ns, window_.a);
    }
    if (window_.idle_after_ns > 0 && !voids_energy(fault_within(counter_.faults, window_.b, to))) {
      after = quiet_side(index_, settled, to);
    }
    const IdleLine idle =
        idle_line(index_, before, after, static_cast<double>(window_.a), static_cast<double>(settled));
    if (before.has_level()) estimate.idle_before = {before.watts, idle.level_before};
    if (after.has_level()) estimate.idle_after = {after.watts, idle.level_after};
    if (idle.known) {
      estimate.idle = {idle.watts, root_sum_square(idle.level, rectangular_sum({idle.drift}))};
    }
    const Cause guard_fault = fault_around(index_, counter_, window_.a, settled);
    if (voids_energy(guard_fault)) return caused_across_fault(settled, idle, guard_fault);
    Cause cause = fault_around(index_, counter_, std::min(from, window_.a), to);
    const Cause reach = beyond(index_, counter_, window_.a, settled);
    if (reach != Cause::kNone && !(traits_.max_power_w > 0)) return no_figure(reach);
    if (cause == Cause::kNone) cause = reach;
    if (cause == Cause::kNone && idle.state_changed) cause = Cause::kIdleStateChanged;
    if (!idle.known) return undeclared(cause);
    if (cause == Cause::kNone && contradiction()) cause = Cause::kInconsistent;
    return above_idle(before, after, idle, cause);
  }

  Figure caused_across_fault(int64_t settled, const IdleLine& idle, Cause cause) const {
    const EnergyBounds gross = bounds_across_faults(index_, counter_.faults, window_.a, settled);
    const double length = seconds(settled - window_.a);
    const double reach = idle.level + idle.drift;
    const double most = idle.known ? idle.watts + reach : traits_.max_power_w;
    const double least = idle.known ? idle.watts - reach : std::max(0.0, traits_.min_power_w);
    return middle_of({gross.lo - most * length, gross.hi - least * length}, cause);
  }

  // Without a declared idle the level is anything from the least power to the mean over the window.
  Figure undeclared(Cause cause) const {
    const double mean = length_s_ > 0 ? std::max(0.0, gross_.value / length_s_) : 0;
    const double least = std::min(std::max(0.0, traits_.min_power_w), mean);
    Spread spread;
    spread.value = gross_.value - 0.5 * (least + mean) * length_s_;
    set_terms(gross_.shares, Term::kCutInterval, spread);
    set_mark_terms(spread);
    spread.both(Term::kIdleDrift, 0.5 * (mean - least) * length_s_);
    spread.drift_is_two_point = true;
    extrapolate(window_.b, spread);
    return figure_of(spread, cause);
  }

  Figure above_idle(const QuietSide& before, const QuietSide& after, const IdleLine& line, Cause cause) const {
    const PathPosterior& first = posterior_.at_start(place_);
    const PathPosterior& last = posterior_.at_end(place_);
    // The idle line is taken at both ends of the window; from one side alone, there.
    const bool both = before.has_level() && after.has_level();
    const bool joined = !posterior_.apart(place_);
    const double share = joined || both ? 0.5 : (before.has_level() ? 1.0 : 0.0);
    const auto net = posterior_.functional(place_, share * length_s_, (1 - share) * length_s_);
    const IdleNoise& noise = first.has_idle() ? first.idle() : last.idle();
    const PathDynamics& dynamics = first.prior().dynamics;
    // What idle power did meanwhile nobody can see: its fluctuation, and its way from one level to the other.
    const double unseen = 2 * square(noise.flutter_w) * dynamics.flutter_s * length_s_ +
                          dynamics.idle_drift_w2_s * length_s_ * length_s_ * length_s_ / 12;

    Spread spread;
    spread.value = net.value;
    PathShares shares = net.shares;
    double& open = shares[static_cast<size_t>(PathShare::kPath)];
    open += unseen;
    set_terms(shares, Term::kIdleLevel, spread);
    spread.both(Term::kIdleLevel, kCoverage * student(noise.degrees) * std::sqrt(open));
    // A step from one level to the other may lie anywhere, also at an end of the window.
    spread.both(Term::kIdleDrift, (both ? line.drift : rectangular_sum({line.drift})) * length_s_);
    spread.drift_is_two_point = both;
    spread.both(Term::kMarkDelay, 1.96 * std::sqrt(posterior_.grid_variance(place_, line.watts)));
    spread.both(Term::kPhase, phase_u95(spread.value));
    set_coverage_terms(spread.value, std::max(0.0, line.watts), spread);
    widen(spread);
    extrapolate(window_.b, spread);
    return figure_of(spread, cause);
  }

  // What a counter makes of a short effect depends on where in its period it falls, less so of a long one, whose ends
  // are a small part of it.
  [[nodiscard]] double phase_u95(double joules) const {
    if (traits_.phase_sensitivity <= 0 || traits_.phase_reach_ns <= 0) return 0;
    const double lengths = length_s_ / seconds(traits_.phase_reach_ns);
    return rectangular_sum({traits_.phase_sensitivity / (1 + lengths) * std::fabs(joules)});
  }

  const CounterView& counter_;
  const CounterTraits& traits_;
  const WindowPosterior& posterior_;
  const Window& window_;
  const size_t place_;
  const EdgeIndex index_;
  const double length_s_;
  const PathValue& gross_;
};

Estimate none(bool reversed) {
  Estimate out;
  out.idle_before.watts = out.idle_after.watts = out.idle.watts = kNone;
  if (reversed) {
    out.window = out.caused = no_figure(Cause::kInconsistent);
  } else {
    out.window.value = out.window.lo = out.window.hi = kNone;
    out.caused = out.window;
  }
  return out;
}

}  // namespace

std::vector<Estimate> estimate_all(const CounterView& counter, const Span<Window>& windows,
                                   std::vector<double>* covariance) {
  std::vector<Estimate> out;
  out.reserve(windows.size);
  std::vector<Window> forward;
  for (const Window& window : windows) {
    if (window.b >= window.a) forward.push_back(window);
  }
  if (counter.edges.empty()) forward.clear();
  const WindowPosterior posterior(counter, {forward.data(), forward.size()});
  size_t place = 0;
  for (const Window& window : windows) {
    if (counter.edges.empty() || window.b < window.a) {
      out.push_back(none(!counter.edges.empty()));
      continue;
    }
    out.push_back(Estimator(counter, posterior, window, place++).estimate());
  }
  if (covariance != nullptr && forward.size() == windows.size) {
    covariance->clear();
    for (size_t i = 0; i < windows.size; ++i) {
      for (size_t j = 0; j < windows.size; ++j) covariance->push_back(posterior.covariance(i, j));
    }
  }
  return out;
}

Estimate estimate(const CounterView& counter, const Window& window) {
  return estimate_all(counter, {&window, 1}).front();
}

}  // namespace mj::energy
