#pragma once

// Figures of one board's counter and sensors, found by calibration, in place of the built-in ones.
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "energy/window.h"

namespace mj::energy {

// Names of TypeScript's NativeCalibration. Uncertainties as the traits have them.
struct RingCalibration {
  double lag_ns = 0;
  double noise_w = 0;
  double gain = 1;
  double gain_u = 0;
  double stamp_jitter_ns = 0;
};

struct Calibration {
  std::string uuid;
  double period_ns = 0;
  double grid_jitter_ns = 0;
  double quantum_j = 0;
  double time_constant_ns = 0;
  double time_constant_u = 0;  // relative
  double mark_delay_ns = 0;
  double phase_sensitivity = 0;
  double phase_reach_ns = 0;
  double dense_phase_sensitivity = std::numeric_limits<double>::quiet_NaN();  // NaN: not calibrated
  double dense_phase_reach_ns = std::numeric_limits<double>::quiet_NaN();
  double displacement_ns = 0;
  double idle_noise_w = 0;
  std::optional<RingCalibration> ring;
};

void apply_calibration(const Calibration& calibration, CounterTraits& traits) noexcept;
void apply_calibration(const RingCalibration& ring, SampleTraits& traits) noexcept;

// Two calibrations with one fingerprint are the same.
std::string fingerprint(const Calibration& calibration);

}  // namespace mj::energy
