#pragma once

// What the samples of a power sensor tell beside a counter of the same board.
#include <vector>

#include "energy/calibration_bursts.h"

namespace mj::energy {

// None where there are too few samples beside the bursts. The counter's traits are calibrated already.
std::optional<RingCalibration> calibrate_ring(const CounterView& counter, const std::vector<BurstKind>& kinds);

}  // namespace mj::energy
