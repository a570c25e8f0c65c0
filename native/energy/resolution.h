#pragma once

#include <string>
#include <vector>

#include "energy/meter_data.h"
#include "energy/window.h"

namespace mj::energy {

struct ResolutionRequest {
  std::vector<Window> windows;
  int64_t timeout_ns = -1;  // negative: three periods of the slowest counter
  bool covariance = false;  // of the figures of kind `window`, too

  [[nodiscard]] int64_t first_instant() const noexcept;
  // The instant after which no sample matters any more.
  [[nodiscard]] int64_t last_instant() const noexcept;
};

// Figures of every window and channel, packed as NativeResolved of src/native.ts says.
struct Resolution {
  std::vector<double> fields;
  // J^2, a channel after the other: windows x windows, row by row; NaN where there is none. Empty where not asked for.
  std::vector<double> covariance;
};

// The names of the fields of one window and channel, in their order.
std::vector<std::string> resolution_names();

// Figures of kind `window` alone, of one window: one a channel.
Resolution resolution_of(const std::vector<Figure>& channels);

// Runs the estimator on one snapshot of each channel.
Resolution resolve_windows(const MeterData& data, const ResolutionRequest& request);

// Conditions of one device over [a, b].
struct ConditionRange {
  std::vector<double> values;  // min, max, first, last; empty where not readable
};
struct ConditionsReport {
  std::string id;
  ConditionRange temperature_c;
  ConditionRange sm_clock_mhz;
  ConditionRange memory_clock_mhz;
  ConditionRange gpu_utilization_percent;
  ConditionRange memory_utilization_percent;
  double power_limit_w = 0;  // NaN: not told
  uint64_t throttle_mask = 0;
  bool throttle_known = false;
  OtherWork other_work = OtherWork::kUnknown;
  std::vector<uint32_t> busy_pids;  // without doubles, at most kMostBusyNamed
};
std::vector<ConditionsReport> conditions_between(const MeterData& data, int64_t a, int64_t b);

}  // namespace mj::energy
