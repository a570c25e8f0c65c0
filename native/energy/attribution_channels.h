#pragma once

// Attribution on what a meter has read.
#include <memory>
#include <optional>
#include <vector>

#include "energy/attribution.h"
#include "energy/meter_data.h"

namespace mj::energy {

struct AttributionJob {
  std::vector<Phase> phases;  // as AttributionRequest has them
  size_t labels = 0;
  int64_t from = 0;
  int64_t to = 0;
  std::vector<int64_t> states;
};

// One entry a channel, in their order; none where the channel cannot be read.
std::vector<std::optional<Attribution>> attribute_channels(const MeterData& data, const AttributionJob& job);

}  // namespace mj::energy
