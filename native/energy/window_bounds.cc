#include "energy/window_bounds.h"

#include <algorithm>
#include <array>
#include <limits>

namespace mj::energy {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
// [H100] a bracket wider than this, against the median, goes with an accumulation displaced by about 10 ms.
constexpr double kWideBracket = 1.5;
constexpr ptrdiff_t kNeighbours = 8;  // edges on each side of a and of b from which the median bracket is taken
constexpr ptrdiff_t kReachEdges = 3;  // edges on each side of an instant that can bound the energy there

double median_bracket(const Span<Edge>& edges, std::array<ptrdiff_t, 2> centres) noexcept {
  std::array<double, 4 * kNeighbours> widths;
  size_t n = 0;
  ptrdiff_t next = 0;
  for (const ptrdiff_t centre : centres) {
    const ptrdiff_t end = std::min<ptrdiff_t>(centre + kNeighbours, static_cast<ptrdiff_t>(edges.size));
    for (ptrdiff_t i = std::max(next, centre - kNeighbours); i < end; ++i) {
      widths[n++] = static_cast<double>(edges[static_cast<size_t>(i)].hi - edges[static_cast<size_t>(i)].lo);
    }
    next = std::max(next, end);
  }
  if (n == 0) return 0;
  const auto middle = widths.begin() + static_cast<ptrdiff_t>(n / 2);
  std::nth_element(widths.begin(), middle, widths.begin() + static_cast<ptrdiff_t>(n));
  return *middle;
}

}  // namespace

EdgeIndex::EdgeIndex(const CounterView& counter, const Window& window)
    : edges_(counter.edges), traits_(counter.traits) {
  if (edges_.empty()) return;
  const ptrdiff_t a = std::max<ptrdiff_t>(0, at_or_before(static_cast<double>(window.a)));
  const ptrdiff_t b = std::max<ptrdiff_t>(0, at_or_before(static_cast<double>(window.b)));
  wide_bracket_ns_ = kWideBracket * median_bracket(edges_, {std::min(a, b), std::max(a, b)});
}

ptrdiff_t EdgeIndex::at_or_before(double t_ns) const noexcept {
  const Edge* after =
      std::upper_bound(edges_.begin(), edges_.end(), t_ns, [](double t, const Edge& edge) { return t < mid_ns(edge); });
  return after - edges_.begin() - 1;
}

int64_t EdgeIndex::displacement(const Edge& edge) const noexcept {
  return static_cast<double>(edge.hi - edge.lo) > wide_bracket_ns_ ? traits_.displacement_ns : 0;
}

// The counter showed C_j at some instant within each edge's bracket; from there the energy can have grown no faster
// than max_power and no slower than min_power, forwards and backwards.
EdgeIndex::Bounds EdgeIndex::bounds(double t_ns, ptrdiff_t cell, Detail detail) const noexcept {
  const double fastest = traits_.max_power_w > 0 ? traits_.max_power_w : kInfinity;
  const double slowest = std::max(0.0, traits_.min_power_w);
  const auto growth = [](double power, double s) { return s == 0 ? 0.0 : power * s; };
  Bounds result{-kInfinity, kInfinity};
  const ptrdiff_t last = std::min<ptrdiff_t>(cell + kReachEdges, static_cast<ptrdiff_t>(edges_.size) - 1);
  for (ptrdiff_t i = std::max<ptrdiff_t>(0, cell - kReachEdges + 1); i <= last; ++i) {
    const Edge& known = edges_[static_cast<size_t>(i)];
    double early = mid_ns(known);
    double late = early;
    if (detail != Detail::kExact) {
      early = static_cast<double>(known.lo);
      late = static_cast<double>(known.hi);
    }
    if (detail == Detail::kDisplaced) {
      early = static_cast<double>(earliest(known));
      late = static_cast<double>(latest(known));
    }
    const double since_early = seconds(t_ns - early);
    const double since_late = seconds(t_ns - late);
    result.hi = std::min(result.hi, known.joules + growth(since_early > 0 ? fastest : slowest, since_early));
    result.lo = std::max(result.lo, known.joules + growth(since_late > 0 ? slowest : fastest, since_late));
  }
  return result;
}

// Linear between the middles of the brackets, and beyond both ends of the timeline with the power of the last
// interval there: one function of time, so that parts of a window sum to the whole.
double EdgeIndex::interpolate(double t_ns, ptrdiff_t cell, double& watts) const noexcept {
  if (edges_.size == 1) {
    watts = 0.5 * (std::max(0.0, traits_.min_power_w) + traits_.max_power_w);
    return edges_[0].joules + watts * seconds(t_ns - mid_ns(edges_[0]));
  }
  const auto left = static_cast<size_t>(std::clamp<ptrdiff_t>(cell, 0, static_cast<ptrdiff_t>(edges_.size) - 2));
  const Edge& from = edges_[left];
  const Edge& to = edges_[left + 1];
  const double length = mid_ns(to) - mid_ns(from);
  const double joules = to.joules - from.joules;
  if (length <= 0) {
    watts = 0;
    return t_ns < mid_ns(from) ? from.joules : to.joules;
  }
  watts = joules / seconds(length);
  return from.joules + joules * ((t_ns - mid_ns(from)) / length);
}

CutEnergy EdgeIndex::cut(int64_t t) const noexcept {
  const auto t_ns = static_cast<double>(t);
  const ptrdiff_t cell = at_or_before(t_ns);
  CutEnergy result;
  result.joules = interpolate(t_ns, cell, result.watts);
  const Bounds exact = bounds(t_ns, cell, Detail::kExact);
  const Bounds bracket = bounds(t_ns, cell, Detail::kBracket);
  const Bounds displaced = bounds(t_ns, cell, Detail::kDisplaced);
  result.inconsistent = displaced.lo > displaced.hi;

  // Each step only widens; an end beyond the value (an interval hotter than the limit) is drawn back to it.
  double lo = std::min(result.joules, exact.lo);
  double hi = std::max(result.joules, exact.hi);
  result.below.cut = result.joules - lo;
  result.above.cut = hi - result.joules;
  const auto widen = [&lo, &hi](const Bounds& to, double& below, double& above) {
    below = lo == -kInfinity ? 0 : std::max(0.0, lo - to.lo);
    above = hi == kInfinity ? 0 : std::max(0.0, to.hi - hi);
    lo = std::min(lo, to.lo);
    hi = std::max(hi, to.hi);
  };
  widen(bracket, result.below.timing, result.above.timing);
  widen(displaced, result.below.displacement, result.above.displacement);

  // A counter behind a first-order sensor still holds back tau x power at t, all of it shown by t + D.
  if (traits_.decay_ns > 0) {
    const double later = t_ns + static_cast<double>(traits_.decay_ns);
    double held_back = bounds(later, at_or_before(later), Detail::kDisplaced).hi - hi;
    if (traits_.max_power_w > 0) {
      held_back = std::min(held_back, traits_.max_power_w * seconds(traits_.decay_ns) / kDecayEfolds);
    }
    result.above.tail = hi == kInfinity ? 0 : std::max(0.0, held_back);
  }
  return result;
}

}  // namespace mj::energy
