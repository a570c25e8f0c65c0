#pragma once

// What blocks of adjacent intervals say by themselves: they keep the dependence within a block, and blocks are
// exchanged for one another. Wider than the model's where power drifts, or varies from one occurrence of a phase to the
// next.
#include <algorithm>
#include <cstdint>

#include "energy/attribution_fit.h"

namespace mj::energy {

// Intervals in blocks of at least `length`, where there are so many: block i is [begin(i), begin(i + 1)).
struct Blocks {
  Blocks(size_t interval_count, size_t length)
      : intervals(interval_count), count(std::max<size_t>(1, interval_count / std::max<size_t>(1, length))) {}
  [[nodiscard]] size_t begin(size_t i) const noexcept { return i * intervals / count; }
  size_t intervals;
  size_t count;
};

// Watts of the columns, one row a replicate: blocks drawn with replacement, the same for the same seed. A replicate
// whose blocks do not show every contrast is NaN.
Matrix bootstrap_watts(const AttributionData& data, const AttributionFit& fit, size_t block_intervals, int replicates,
                       uint64_t seed);

}  // namespace mj::energy
