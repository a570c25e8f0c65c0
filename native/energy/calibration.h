#pragma once

// What bursts of known instants tell of a counter and its sensors without a meter. A pure function over samples;
// method: docs/uncertainty.md, "Calibration".
#include <string>
#include <vector>

#include "energy/calibration_figures.h"

namespace mj::energy {

struct CalibrationBurst {
  Window window;       // with its quiet time
  double kind_ms = 0;  // nominal length, one for all bursts of a kind; 0: no work at all
};

// The bursts of one kind that were held back, estimated with the calibrated figures.
struct CalibrationKind {
  double kind_ms = 0;
  size_t count = 0;  // of all that could be used
  double mean_j = 0;
  double relative_scatter = 0;  // standard deviation
  double mean_relative_u = 0;   // of 95 % intervals
  size_t held_back = 0;
  size_t held = 0;  // of their intervals hold their mean
};

// Windows without work: NaN where there are too few.
struct CalibrationSham {
  size_t count = 0;
  double mean_j = std::numeric_limits<double>::quiet_NaN();
  double uncertainty_j = std::numeric_limits<double>::quiet_NaN();  // 95 % half-width of the mean
};

struct CalibrationResult {
  std::optional<Calibration> calibration;
  std::string reason;  // one sentence; empty where there is a calibration
  size_t tested = 0;
  size_t held = 0;
  double widened = 1;
  std::vector<CalibrationKind> kinds;  // of work, by length
  CalibrationSham sham;
};

// `bursts` ascending in time. The traits of `counter` are those known before: what cannot be told stays as it is there.
CalibrationResult calibrate(const CounterView& counter, const Span<CalibrationBurst>& bursts);

}  // namespace mj::energy
