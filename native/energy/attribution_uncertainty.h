#pragma once

// The intervals of the powers of labels, by what they are due to.
#include "energy/attribution.h"
#include "energy/attribution_data.h"
#include "energy/attribution_fit.h"

namespace mj::energy {

// A finished fit with all that led to it.
struct AttributionWork {
  const CounterView& counter;
  const AttributionRequest& request;
  const AttributionRules& rules;
  const AttributionFrame& frame;
  AttributionData data;
  AttributionFrame::EdgeErrors errors;
  AttributionFit fit;
  Matrix reported;  // columns x labels

  [[nodiscard]] std::vector<double> label_watts(const AttributionFit& of) const;
  [[nodiscard]] double mean_w() const { return data.total_j() / data.length_s(); }
};

// Fills in the terms, uncertainties and covariances of powers whose values, occurrences and blocks are there.
void set_uncertainties(const AttributionWork& work, Attribution& out);

}  // namespace mj::energy
