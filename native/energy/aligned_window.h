#pragma once

// Energy of one window between steps of a counter that were watched on both sides of it. Pure functions over samples.
// Method and terms: docs/uncertainty.md, "Aligned windows".
#include "energy/window.h"

namespace mj::energy {

// Steps seen by reading without a pause: `before` up to the mark a, `after` from the mark b on. Joules of one origin.
struct AlignedSteps {
  Span<Edge> before;
  Span<Edge> after;
};

// Watched on each side: enough to tell how much the power of the spin varies from one step to the next.
constexpr size_t kStepsToWatch = 9;

// The energy from a to b, of kind `window`: from the last step before a to the first one after b, less what the spin
// took between these steps and the marks. No figure of fewer than three steps on a side.
Figure aligned_window(const AlignedSteps& steps, int64_t a, int64_t b, const CounterTraits& traits);

}  // namespace mj::energy
