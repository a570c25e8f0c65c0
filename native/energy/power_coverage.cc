#include "energy/power_coverage.h"

#include <algorithm>
#include <cmath>

#include "base/squares.h"
#include "energy/window_bounds.h"

namespace mj::energy {

namespace {

// A step of more than so many periods holds updates that were missed.
constexpr double kMissed = 1.5;
// [assumed] Power varies by at least so much of its level, however much alike neighbouring values look.
constexpr double kLeastVariation = 0.02;
constexpr double kUnknownLimitW = 1000;
// What was seen as a whole or not at all lies at an end of the bound, and has its other errors besides.
constexpr double kMargin = 1.05;

int64_t middle(const Edge& edge) noexcept { return edge.lo + (edge.hi - edge.lo) / 2; }

}  // namespace

PowerCoverage::PowerCoverage(const CounterView& counter) : sight_(counter.traits.sight) {
  const CounterTraits& traits = counter.traits;
  if (!(sight_.noise_w > 0) || traits.period_ns <= 0 || counter.edges.size < 2) return;
  period_s_ = seconds(traits.period_ns);
  // Work that goes on is held to the limit of power, of which P_max is twice.
  most_w_ = traits.max_power_w > 0 ? 0.5 * traits.max_power_w : kUnknownLimitW;
  for (size_t i = 1; i < counter.edges.size; ++i) {
    const Edge& edge = counter.edges[i];
    Step step;
    step.from = middle(counter.edges[i - 1]);
    step.to = middle(edge);
    const double length_s = seconds(step.to - step.from);
    if (length_s <= 0) continue;
    step.watts = (edge.joules - counter.edges[i - 1].joules) / length_s;
    const double missed_s = length_s > kMissed * period_s_ ? length_s - period_s_ : 0;
    step.unseen_s = missed_s + sight_.blind * (length_s - missed_s);
    // Until its neighbours are known: what the bracket leaves open of its length.
    step.variance = square(seconds(edge.hi - edge.lo)) / 12;
    steps_.push_back(step);
  }
  for (size_t i = 0; i < steps_.size(); ++i) {
    Step& step = steps_[i];
    const double before = step.watts - steps_[i > 0 ? i - 1 : i].watts;
    const double after = steps_[std::min(i + 1, steps_.size() - 1)].watts - step.watts;
    // Half the square of a difference is one variance; of the two differences the mean.
    const double spread = std::max(0.25 * (square(before) + square(after)), square(kLeastVariation * step.watts));
    const double length_s = seconds(step.to - step.from);
    step.variance = spread * (length_s * step.unseen_s + step.variance) + square(sight_.noise_w * length_s);
    step.variance_sum = step.variance + (i > 0 ? steps_[i - 1].variance_sum : 0);
    step.unseen_sum_s = step.unseen_s + (i > 0 ? steps_[i - 1].unseen_sum_s : 0);
  }
}

const PowerCoverage::Step& PowerCoverage::step_at(int64_t t) const noexcept {
  const auto found =
      std::lower_bound(steps_.begin(), steps_.end(), t, [](const Step& step, int64_t at) { return step.to < at; });
  return found == steps_.end() ? steps_.back() : *found;
}

double PowerCoverage::up_to(int64_t t, double Step::* own, double Step::* sum) const noexcept {
  const Step& step = step_at(t);
  // Beyond the first step and the last it goes on as in them.
  return step.*sum - step.*own * seconds(step.to - t) / seconds(step.to - step.from);
}

double PowerCoverage::unseen_s(int64_t a, int64_t b) const noexcept {
  if (!partial()) return 0;
  return up_to(b, &Step::unseen_s, &Step::unseen_sum_s) - up_to(a, &Step::unseen_s, &Step::unseen_sum_s);
}

// Steps err each for itself, which adds up over the time that two windows share; and where a window begins or ends
// within a step, what was seen of the step may be of the other side.
double PowerCoverage::random_covariance(int64_t a1, int64_t b1, int64_t a2, int64_t b2) const noexcept {
  if (!partial()) return 0;
  const int64_t from = std::max(a1, a2);
  const int64_t to = std::min(b1, b2);
  const auto sum = [this](int64_t t) { return up_to(t, &Step::variance, &Step::variance_sum); };
  const double shared = to > from ? sum(to) - sum(from) : 0;
  const auto at_ends = [this](int64_t one, int64_t other) {
    const double near = std::exp(-square(seconds(one - other) / period_s_));
    return 0.5 * near * std::sqrt(step_at(one).variance * step_at(other).variance);
  };
  return shared + at_ends(b1, b2) - at_ends(b1, a2) - at_ends(a1, b2) + at_ends(a1, a2);
}

double PowerCoverage::variance_at(int64_t edge) const noexcept {
  // An edge's instant is rounded here and there.
  constexpr int64_t kBesideNs = 1000;
  return partial() ? std::max(step_at(edge - kBesideNs).variance, step_at(edge + kBesideNs).variance) : 0;
}

double PowerCoverage::random_variance(int64_t a, int64_t b) const noexcept {
  if (!partial()) return 0;
  const Step& first = step_at(a);
  return step_at(b).variance_sum - first.variance_sum + first.variance;
}

PowerCoverage::Reach PowerCoverage::locked(int64_t a, int64_t b, double net_j, double floor_w) const noexcept {
  Reach reach;
  const double length_s = seconds(b - a);
  const double unseen = unseen_s(a, b);
  if (!(unseen > 0) || !(length_s > 0)) return reach;
  const double share = std::min(1.0, unseen / length_s);
  const double counted_j = std::max(0.0, net_j);
  const double range_w = std::max(0.0, most_w_ - floor_w);
  // All of what was counted fell where it counts most, or least; values that are missing may have shown anything.
  const double missing = std::max(0.0, share - sight_.blind);
  reach.below = std::min((1 - 1 / sight_.most) * counted_j, share * range_w * length_s) + missing * counted_j;
  if (sight_.least > 0) {
    reach.above =
        std::min((1 / sight_.least - 1) * counted_j, share * range_w * length_s) + missing * range_w * length_s;
  } else {
    // A window as short as the gap between two values may lie in it as a whole.
    const double hidden_s = std::min(length_s, unseen + (1 - share) * sight_.blind * period_s_);
    reach.above = std::max(0.0, hidden_s * range_w - share * counted_j);
  }
  reach.below *= kMargin;
  reach.above *= kMargin;
  return reach;
}

// Rectangular between both ends: work takes anything from nothing to the limit while nobody sees it.
double PowerCoverage::locked_covariance(int64_t a1, int64_t b1, int64_t a2, int64_t b2) const noexcept {
  return square(most_w_) * unseen_s(a1, b1) * unseen_s(a2, b2) / 12;
}

}  // namespace mj::energy
