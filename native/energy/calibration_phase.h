#pragma once

// How much of a burst's energy a counter shows depends on where the burst falls between its samples: from the scatter
// of bursts that are alike.
#include <vector>

#include "energy/calibration_bursts.h"

namespace mj::energy {

struct PhaseCurve {
  double sensitivity = 0;
  double reach_s = 0;
};

// s / (1 + L / reach) through the scatter of each length, and below none of them. The readings were taken with no term
// of phase in their intervals.
PhaseCurve phase_curve(const std::vector<BurstKind>& kinds);

}  // namespace mj::energy
