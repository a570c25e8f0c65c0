#pragma once

#include "energy/calibration.h"
#include "energy/meter_data.h"

namespace mj::energy {

struct CalibrationJob {
  size_t channel = 0;
  std::vector<CalibrationBurst> bursts;  // ascending

  [[nodiscard]] int64_t last_instant() const noexcept;
};

// On what the timeline holds. The figures of the way of reading that the meter does not use stay those known before.
CalibrationResult calibrate_channel(const MeterData& data, const CalibrationJob& job);

// Of a channel that belongs to a calibrated board: the board's own traits in place of the built-in ones.
void apply_calibrations(const std::vector<Calibration>& calibrations, ChannelInfo& info) noexcept;

}  // namespace mj::energy
