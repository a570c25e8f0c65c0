#include "energy/path_windows.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/squares.h"
#include "energy/window_bounds.h"

namespace mj::energy {

namespace {

PathTerm energy_at(const PathMark& mark, double weight) {
  PathTerm term{mark.event, {}};
  term.weights[kEnergy] = weight;
  return term;
}

}  // namespace

WindowPosterior::WindowPosterior(const CounterView& counter, const Span<Window>& windows)
    : traits_(counter.traits), coverage_(counter), plan_(plan_paths(counter, windows)) {
  paths_.reserve(plan_.segments.size());
  for (const PathSegment& segment : plan_.segments) paths_.emplace_back(counter, segment);
  for (size_t i = 0; i < windows.size; ++i) gross_.push_back(functional(i, 0, 0));
  find_instants(windows);
}

// The power at an instant is the largest that is seen beside it, in the counter's intervals or in a window that ends
// there: a short burst is hardly seen in an interval's mean.
void WindowPosterior::find_instants(const Span<Window>& windows) {
  std::map<int64_t, Instant> instants;
  for (size_t i = 0; i < windows.size; ++i) {
    const double length_s = seconds(windows[i].b - windows[i].a);
    const double mean_w = length_s > 0 ? std::max(0.0, gross(i).value / length_s) : 0;
    for (const bool end : {false, true}) {
      const PathMark& mark = end ? plan_.ends[i] : plan_.starts[i];
      const PathPosterior& path = paths_[mark.segment];
      Instant& instant = instants[end ? windows[i].b : windows[i].a];
      instant.at = end ? windows[i].b : windows[i].a;
      instant.mark = mark;
      instant.edge_w = path.power_beside(mark.event);
      instant.power_w = std::max({instant.power_w, mean_w, path.power_beside(mark.event)});
      instant.work_w = std::max(0.0, instant.power_w - path.idle().level_w);
    }
  }
  for (size_t i = 0; i < windows.size; ++i) {
    starts_.push_back(instants[windows[i].a]);
    ends_.push_back(instants[windows[i].b]);
  }
}

PathValue WindowPosterior::functional(size_t window, double idle_before_s, double idle_after_s) const {
  const PathMark& a = plan_.starts[window];
  const PathMark& b = plan_.ends[window];
  PathTerm start = energy_at(a, -1);
  start.weights[kIdle] = -idle_before_s;
  PathTerm end = energy_at(b, 1);
  end.weights[kIdle] = -idle_after_s;
  if (a.segment == b.segment) return paths_[a.segment].filter().value({start, end});
  PathValue out = paths_[a.segment].filter().value({start});
  const PathValue second = paths_[b.segment].filter().value({end});
  out.value += second.value + paths_[b.segment].origin_j() - paths_[a.segment].origin_j();
  out.variance += second.variance;
  for (size_t i = 0; i < out.shares.size(); ++i) out.shares[i] += second.shares[i];
  return out;
}

// Sum over both ends of both windows, with the signs of E(b) - E(a).
template <typename Pair>
double WindowPosterior::bilinear(size_t f, size_t g, Pair pair) const {
  return pair(ends_[f], ends_[g]) - pair(ends_[f], starts_[g]) - pair(starts_[f], ends_[g]) +
         pair(starts_[f], starts_[g]);
}

double WindowPosterior::path_covariance(size_t f, size_t g) const {
  return bilinear(f, g, [this](const Instant& one, const Instant& other) {
    if (one.mark.segment != other.mark.segment) return 0.0;
    const PathFilter& filter = paths_[one.mark.segment].filter();
    return filter.covariance({energy_at(one.mark, 1)}, {energy_at(other.mark, 1)});
  });
}

double WindowPosterior::delay_covariance(size_t f, size_t g) const {
  const double delay_s = seconds(traits_.mark_delay_ns + traits_.counter_delay_ns) / std::sqrt(3.0);
  return bilinear(f, g, [&](const Instant& one, const Instant& other) {
    const double delay = one.at == other.at ? square(delay_s * one.power_w) : 0.0;
    if (one.mark.segment != other.mark.segment) return delay;
    return delay + square(plan_.segments[one.mark.segment].common_timing_s) * one.edge_w * other.edge_w;
  });
}

double WindowPosterior::grid_variance(size_t window, double power_w) const {
  if (!apart(window)) return 0;
  const auto at = [&](const PathMark& mark) { return square(plan_.segments[mark.segment].common_timing_s * power_w); };
  return at(plan_.starts[window]) + at(plan_.ends[window]);
}

// The error of a window of length L and power P is rectangular of half-width s P L where L is short, and does not grow
// any more where it is long: a smooth stationary error of the energy at each instant, correlated over the reach.
double WindowPosterior::phase_covariance(size_t f, size_t g) const {
  const double reach_s = seconds(traits_.phase_reach_ns);
  if (!(traits_.phase_sensitivity > 0) || !(reach_s > 0)) return 0;
  const double scale = square(traits_.phase_sensitivity * reach_s) / 6;
  const double sum = bilinear(f, g, [&](const Instant& one, const Instant& other) {
    return scale * one.work_w * other.work_w * std::exp(-square(seconds(one.at - other.at) / reach_s));
  });
  return f == g ? std::max(0.0, sum) : sum;
}

double WindowPosterior::coverage_covariance(size_t f, size_t g) const {
  return coverage_.random_covariance(starts_[f].at, ends_[f].at, starts_[g].at, ends_[g].at);
}

double WindowPosterior::covariance(size_t f, size_t g) const {
  const double locked = coverage_.locked_covariance(starts_[f].at, ends_[f].at, starts_[g].at, ends_[g].at);
  return path_covariance(f, g) + delay_covariance(f, g) + phase_covariance(f, g) + coverage_covariance(f, g) + locked;
}

}  // namespace mj::energy
