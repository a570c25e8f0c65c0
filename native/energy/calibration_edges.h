#pragma once

// What a counter's updates tell of themselves: their grid, displaced accumulations, and how idle power varies.
#include <vector>

#include "energy/calibration_bursts.h"

namespace mj::energy {

// Replaces period and jitter of the grid.
void calibrate_grid(const Span<Edge>& edges, CounterTraits& traits);

// Replaces idle noise and displacement, each where there are enough powers of quiet time to tell it.
void calibrate_quiet(const CounterView& counter, const std::vector<BurstKind>& kinds, CounterTraits& traits);

}  // namespace mj::energy
