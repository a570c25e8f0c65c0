#pragma once

// Powers of quiet time between edges, and how they vary.
#include <vector>

#include "energy/edge_timing.h"

namespace mj::energy {

constexpr double kIdleNoiseS = 0.010;  // the correlation time that CounterTraits::idle_noise_w is given for

struct QuietSpan {
  int64_t from = 0;
  int64_t to = 0;
  int64_t settled = 0;  // from here on a sensor holds nothing of the work before
};

struct QuietPower {
  double joules = 0;
  double length_s = 0;
  double centre_s = 0;
  double timing_s = 0;  // standard uncertainty of the length, by its ends
  [[nodiscard]] double watts() const noexcept { return joules / length_s; }
};

// Half the mean square of differences of adjacent blocks of quiet power, freed of what the edges' timing adds.
struct BlockNoise {
  double variance = 0;  // of a block's mean
  double block_s = 0;
  int pairs = 0;
};

// Adds the adjacent blocks of at least `block_s` within the span to `out`; the power from its first edge to its last.
QuietPower add_blocks(const std::vector<TimedEdge>& edges, const QuietSpan& span, double block_s, BlockNoise& out);

// Variance of the mean over `block_s` of noise of unit variance, correlated over `c`.
double mean_variance(double c, double block_s) noexcept;

}  // namespace mj::energy
