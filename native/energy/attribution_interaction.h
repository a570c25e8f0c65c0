#pragma once

// Does a label's power depend on what came before it?
#include "energy/attribution.h"
#include "energy/attribution_fit.h"

namespace mj::energy {

// `split`: intervals x columns, the labels of `data` split by their predecessors. The larger p-value of two tests: one
// supposes that the errors are those of the model, the other that blocks of intervals are independent.
InteractionTest test_interaction(const AttributionData& data, const AttributionFit& fit, const Matrix& split,
                                 double least_signal, size_t block_intervals);

}  // namespace mj::energy
