#pragma once

// Bursts as the estimator sees them with given traits.
#include <cstddef>
#include <vector>

#include "energy/calibration.h"
#include "energy/idle_blocks.h"

namespace mj::energy {

// What a meter would copy out of its timeline for this window.
CounterView around(const CounterView& counter, const Window& window) noexcept;

struct BurstReading {
  Window window;
  Figure caused;
  double idle_w = 0;
};

// Bursts of one nominal length.
struct BurstKind {
  double kind_ms = 0;
  std::vector<BurstReading> bursts;
  double length_s = 0;  // mean
  double mean_j = 0;
  double sd_j = 0;
};

// By kind, ascending, shams first where there are any. What is suspect is left out.
std::vector<BurstKind> read_bursts(const CounterView& counter, const Span<CalibrationBurst>& bursts);

// How often each kind of work occurs in `bursts`, of the rarest; 0: no kind.
struct KindCount {
  size_t kinds = 0;
  size_t rarest = 0;
};
KindCount count_kinds(const Span<CalibrationBurst>& bursts);

// Every second burst of each kind, from the first on or from the second.
std::vector<CalibrationBurst> half_of(const Span<CalibrationBurst>& bursts, bool odd);

// The quiet time after a burst, without what the sensor still holds.
QuietSpan quiet_after(const BurstReading& burst, const CounterTraits& traits) noexcept;

}  // namespace mj::energy
