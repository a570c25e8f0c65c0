#include "energy/calibration_phase.h"

#include <algorithm>
#include <cmath>

#include "base/squares.h"
#include "energy/search_steps.h"

namespace mj::energy {

namespace {

constexpr double kNormal95 = 1.96;
constexpr double kLeastHalfWidth = 0.005;  // relative: less is not claimed of any counter
// Lengths far from those that were tried say nothing of the reach.
constexpr double kShortestReach = 0.5;  // of the shortest burst
constexpr double kLongestReach = 10;    // of the longest
constexpr double kReachSteps = 1.05;
constexpr double kOutlier = 6;  // standard deviations, by the median of deviations

struct Scatter {
  double length_s = 0;
  double half_width = 0;  // relative, of a rectangle
};

// How much larger a variance may be than this many bursts show, at one standard deviation (Wilson and Hilferty).
double upper(size_t count) noexcept {
  const double degrees = static_cast<double>(std::max<size_t>(2, count)) - 1;
  const double part = 2 / (9 * degrees);
  return 1 / std::pow(std::max(0.1, 1 - part - std::sqrt(part)), 3);
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// An accumulation displaced beside one burst must not stand for all. Where that is common, the bursts held back tell.
std::vector<BurstReading> without_outliers(const std::vector<BurstReading>& bursts) {
  std::vector<double> values;
  values.reserve(bursts.size());
  for (const BurstReading& burst : bursts) values.push_back(burst.caused.value);
  const double centre = median(values);
  for (double& value : values) value = std::fabs(value - centre);
  const double most = kOutlier * 1.4826 * median(values);
  std::vector<BurstReading> out;
  std::copy_if(bursts.begin(), bursts.end(), std::back_inserter(out),
               [&](const BurstReading& burst) { return std::fabs(burst.caused.value - centre) <= most; });
  return out;
}

Scatter scatter_of(const BurstKind& kind) {
  const std::vector<BurstReading> bursts = without_outliers(kind.bursts);
  const auto n = static_cast<double>(bursts.size());
  double mean = 0;
  double explained = 0;
  for (const BurstReading& burst : bursts) {
    mean += burst.caused.value / n;
    explained += square(burst.caused.uncertainty / kNormal95) / n;
  }
  double squares = 0;
  for (const BurstReading& burst : bursts) squares += square(burst.caused.value - mean);
  const double variance = upper(bursts.size()) * squares / std::max(1.0, n - 1) - explained;
  const double half_width = std::sqrt(3 * std::max(0.0, variance)) / kind.mean_j;
  return {kind.length_s, std::max(kLeastHalfWidth, half_width)};
}

// The lowest curve of this reach that no length exceeds.
double sensitivity_of(const std::vector<Scatter>& all, double reach_s) {
  double out = 0;
  for (const Scatter& one : all) out = std::max(out, one.half_width * (1 + one.length_s / reach_s));
  return out;
}

double excess(const std::vector<Scatter>& all, const PhaseCurve& curve) {
  double sum = 0;
  for (const Scatter& one : all) {
    sum += square(std::log(curve.sensitivity / (1 + one.length_s / curve.reach_s) / one.half_width));
  }
  return sum;
}

}  // namespace

PhaseCurve phase_curve(const std::vector<BurstKind>& kinds) {
  std::vector<Scatter> all;
  for (const BurstKind& kind : kinds) {
    if (kind.kind_ms > 0) all.push_back(scatter_of(kind));
  }
  PhaseCurve best;
  double least = std::numeric_limits<double>::infinity();
  const double shortest_s = kShortestReach * all.front().length_s;
  const double longest_s = kLongestReach * all.back().length_s;
  for (const double reach_s : geometric_steps(shortest_s, longest_s, kReachSteps)) {
    const PhaseCurve curve{sensitivity_of(all, reach_s), reach_s};
    const double sum = excess(all, curve);
    if (sum >= least) continue;
    least = sum;
    best = curve;
  }
  return best;
}

}  // namespace mj::energy
