#include "energy/edge_timing.h"

#include <algorithm>
#include <cmath>

#include "base/squares.h"
#include "energy/window_bounds.h"

namespace mj::energy {

namespace {

// Fewer edges than this say more about themselves than about their grid.
constexpr size_t kEnoughForGrid = 8;
// How well the period is known before, nominal or learned: relative standard uncertainty.
constexpr double kPeriodU = 2e-4;
// [H100] a bracket wider than this, against the median, goes with an accumulation displaced by about 10 ms.
constexpr double kWideBracket = 1.5;
// Updates stray from their grid by no more than so many standard deviations.
constexpr double kGridSlack = 2.5;
// Two readings at one instant that differ: no reading takes less time than this.
constexpr double kShortestReadS = 1e-6;
constexpr double kRectangular = 0.288675134594813;  // standard deviation of a rectangle over its width

double width_s(const Edge& edge) noexcept { return seconds(edge.hi - edge.lo); }

double median_width(const Span<Edge>& edges) {
  std::vector<double> widths;
  widths.reserve(edges.size);
  for (const Edge& edge : edges) widths.push_back(width_s(edge));
  const auto middle = widths.begin() + static_cast<ptrdiff_t>(widths.size() / 2);
  std::nth_element(widths.begin(), middle, widths.end());
  return *middle;
}

// As far as the grid itself is known.
bool admit(const Span<Edge>& edges, const CounterTraits& traits, const EdgeGrid& grid) {
  const double slack_s = kGridSlack * root_sum_square(seconds(traits.grid_jitter_ns), grid.u_s);
  return std::all_of(edges.begin(), edges.end(), [&](const Edge& edge) {
    const double off_s = seconds(std::fabs(grid.nearest_ns(mid_ns(edge)) - mid_ns(edge)));
    return off_s <= 0.5 * width_s(edge) + slack_s;
  });
}

void reconcile(TimedEdge& before, TimedEdge& edge) noexcept {
  if (edge.joules == before.joules || seconds(edge.at - before.at) >= kShortestReadS) return;
  before.timing_s = std::max(before.timing_s, kShortestReadS * kRectangular);
  edge.timing_s = std::max(edge.timing_s, kShortestReadS * kRectangular);
}

}  // namespace

bool fit_grid(const Span<Edge>& edges, const CounterTraits& traits, EdgeGrid& grid) {
  if (edges.size < kEnoughForGrid || traits.grid_jitter_ns <= 0) return false;
  const double nominal = seconds(traits.period_ns);
  const double start = mid_ns(edges[0]);
  double sw = 0;
  double sk = 0;
  double skk = 0;
  double st = 0;
  double skt = 0;
  for (const Edge& edge : edges) {
    const double t = seconds(mid_ns(edge) - start);
    const double k = std::round(t / nominal);
    const double u = std::max(width_s(edge), kShortestReadS) * kRectangular;
    const double w = 1 / (u * u);
    sw += w;
    sk += w * k;
    skk += w * k * k;
    st += w * t;
    skt += w * k * t;
  }
  const double known = 1 / (kPeriodU * nominal * kPeriodU * nominal);
  skk += known;
  skt += known * nominal;
  const double determinant = sw * skk - sk * sk;
  if (!(determinant > 0)) return false;
  const double period_s = (sw * skt - sk * st) / determinant;
  grid.period_ns = period_s / kSecondsPerNs;
  grid.origin_ns = start + (st - period_s * sk) / sw / kSecondsPerNs;
  const double jitter = seconds(traits.grid_jitter_ns);
  grid.u_s = std::sqrt(1 / sw + jitter * jitter / static_cast<double>(edges.size));
  return period_s > 0;
}

EdgeTiming time_edges(const Span<Edge>& edges, const CounterTraits& traits) {
  EdgeTiming timing;
  std::vector<TimedEdge>& out = timing.edges;
  if (edges.empty()) return timing;
  out.reserve(edges.size);
  const double wide = kWideBracket * median_width(edges);
  EdgeGrid grid;
  const bool on_grid = fit_grid(edges, traits, grid) && admit(edges, traits, grid);
  const double jitter = seconds(traits.grid_jitter_ns);
  const auto says_which = [&](size_t i) {
    return width_s(edges[i]) < seconds(grid.period_ns) - 2 * kGridSlack * jitter;
  };
  for (size_t i = 0; i < edges.size; ++i) {
    const Edge& edge = edges[i];
    TimedEdge timed;
    timed.joules = edge.joules;
    timed.timing_s = width_s(edge) * kRectangular;
    double at = mid_ns(edge);
    // A bracket that admits two points of the grid does not say which. Between others that do it would only confuse;
    // where calls are slow for a while it is all there is.
    if (on_grid && !says_which(i)) {
      if (i > 0 && i + 1 < edges.size && says_which(i - 1) && says_which(i + 1)) continue;
    } else if (on_grid && root_sum_square(grid.u_s, jitter) < timed.timing_s) {
      at = std::clamp(grid.nearest_ns(at), static_cast<double>(edge.lo), static_cast<double>(edge.hi));
      timed.timing_s = jitter;
      timing.common_s = grid.u_s;
    }
    timed.at = static_cast<int64_t>(std::llround(at));
    if (width_s(edge) > wide) timed.displacement_s = seconds(traits.displacement_ns);
    // A bracket that reaches back over the edge before it: in order all the same.
    if (!out.empty()) {
      timed.at = std::max(timed.at, out.back().at);
      reconcile(out.back(), timed);
    }
    out.push_back(timed);
  }
  return timing;
}

}  // namespace mj::energy
