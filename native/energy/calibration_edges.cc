#include "energy/calibration_edges.h"

#include <algorithm>
#include <cmath>

#include "base/squares.h"
#include "energy/search_steps.h"
#include "energy/window_bounds.h"

namespace mj::energy {

namespace {

constexpr size_t kEnoughEdges = 100;
// A rough period numbers some edges, their grid then more of them.
constexpr size_t kFirstReach = 20;
constexpr size_t kReachGrowth = 6;
constexpr double kLeastJitterS = 1e-6;
constexpr double kMostJitters = 0.1;  // of the period
constexpr double kJitterSteps = 1.05;
// Below the best log-likelihood: one and two standard deviations.
constexpr double kOneSigma = 0.5;
constexpr double kTwoSigma = 2;
// A bracket this far off its grid, as a part of the period, is another matter than jitter.
constexpr double kAstray = 0.05;
constexpr double kShortestBlockS = 0.050;
constexpr int kEnoughPairs = 20;
constexpr int kEnoughWide = 10;
constexpr double kFarthestDisplacedS = 0.020;

double below(double z) noexcept { return 0.5 * std::erfc(-z / std::sqrt(2.0)); }

// That edges of this jitter about the grid fell into their brackets, which know nothing of the jitter.
double log_likelihood(const std::vector<Edge>& edges, const EdgeGrid& grid, double jitter_s) {
  double sum = 0;
  for (const Edge& edge : edges) {
    const double at = grid.nearest_ns(mid_ns(edge));
    const double z = seconds(1.0) / jitter_s;
    const double inside =
        below((static_cast<double>(edge.hi) - at) * z) - below((static_cast<double>(edge.lo) - at) * z);
    sum += std::log(std::max(inside, 1e-12));
  }
  return sum;
}

// Brackets bound the jitter from above. Where even the figure known before is less than they can tell, it stays.
double jitter_of(const std::vector<Edge>& edges, const EdgeGrid& grid, double known_s) {
  double best = -std::numeric_limits<double>::infinity();
  double widest = kLeastJitterS;
  const std::vector<double> jitters =
      geometric_steps(kLeastJitterS, kMostJitters * seconds(grid.period_ns), kJitterSteps);
  for (const double jitter : jitters) {
    best = std::max(best, log_likelihood(edges, grid, jitter));
  }
  for (const double jitter : jitters) {
    if (log_likelihood(edges, grid, jitter) >= best - kOneSigma) widest = jitter;
  }
  if (widest > known_s && log_likelihood(edges, grid, known_s) >= best - kTwoSigma) return known_s;
  return widest;
}

std::vector<TimedEdge> steady(const std::vector<TimedEdge>& edges) {
  std::vector<TimedEdge> out;
  std::copy_if(edges.begin(), edges.end(), std::back_inserter(out),
               [](const TimedEdge& edge) { return edge.displacement_s == 0; });
  return out;
}

// Powers between adjacent edges of quiet time, one of them at least with a wide bracket.
struct WidePowers {
  double displaced_s2 = 0;  // sum of squares of displacements that explain them
  int edges = 0;
};

void add_wide(const std::vector<TimedEdge>& edges, const QuietSpan& span, double idle_w, double noise_w2,
              WidePowers& out) {
  for (size_t i = 1; i < edges.size(); ++i) {
    const TimedEdge& one = edges[i - 1];
    const TimedEdge& two = edges[i];
    const int wide = (one.displacement_s > 0 ? 1 : 0) + (two.displacement_s > 0 ? 1 : 0);
    const double length_s = seconds(two.at - one.at);
    if (wide == 0 || one.at < span.from || two.at > span.to || !(length_s > 0)) continue;
    const double excess_w = (two.joules - one.joules) / length_s - idle_w;
    const double by_s2 = (square(excess_w) - noise_w2) * square(length_s / idle_w);
    out.displaced_s2 += std::min(by_s2, wide * square(kFarthestDisplacedS));
    out.edges += wide;
  }
}

}  // namespace

void calibrate_grid(const Span<Edge>& edges, CounterTraits& traits) {
  if (edges.size < kEnoughEdges || traits.grid_jitter_ns <= 0) return;
  CounterTraits known = traits;
  EdgeGrid grid;
  for (size_t reach = kFirstReach;; reach *= kReachGrowth) {
    if (!fit_grid({edges.data, std::min(reach, edges.size)}, known, grid)) return;
    known.period_ns = static_cast<int64_t>(std::llround(grid.period_ns));
    if (reach >= edges.size) break;
  }
  std::vector<Edge> near;
  for (const Edge& edge : edges) {
    const double at = grid.nearest_ns(mid_ns(edge));
    const double off = std::max(static_cast<double>(edge.lo) - at, at - static_cast<double>(edge.hi));
    if (off < kAstray * grid.period_ns) near.push_back(edge);
  }
  if (near.size() < kEnoughEdges) return;
  traits.period_ns = known.period_ns;
  traits.grid_jitter_ns = std::llround(jitter_of(near, grid, seconds(traits.grid_jitter_ns)) / kSecondsPerNs);
}

void calibrate_quiet(const CounterView& counter, const std::vector<BurstKind>& kinds, CounterTraits& traits) {
  struct Quiet {
    std::vector<TimedEdge> edges;
    QuietSpan span;
    double idle_w;
  };
  std::vector<Quiet> all;
  BlockNoise blocks;
  for (const BurstKind& kind : kinds) {
    for (const BurstReading& burst : kind.bursts) {
      const QuietSpan span = quiet_after(burst, traits);
      all.push_back({time_edges(around(counter, burst.window).edges, traits).edges, span, burst.idle_w});
      add_blocks(steady(all.back().edges), span, kShortestBlockS, blocks);
    }
  }
  if (blocks.pairs < kEnoughPairs) return;
  const double block_s = blocks.block_s / blocks.pairs;
  const double block_w2 = blocks.variance / blocks.pairs;
  traits.idle_noise_w = std::sqrt(block_w2 / mean_variance(kIdleNoiseS, block_s));
  WidePowers wide;
  for (const Quiet& quiet : all) {
    if (quiet.idle_w > 0) add_wide(quiet.edges, quiet.span, quiet.idle_w, block_w2, wide);
  }
  if (wide.edges < kEnoughWide) return;
  // One standard error more: few are seen.
  const double more = 1 + 1 / std::sqrt(static_cast<double>(wide.edges));
  traits.displacement_ns =
      std::llround(std::sqrt(std::max(0.0, wide.displaced_s2 / wide.edges) * more) / kSecondsPerNs);
}

}  // namespace mj::energy
