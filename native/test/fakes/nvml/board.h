#pragma once

// The physics of one fake board: a power profile whose integral is known in closed form, and what an H100's sensors
// make of it (constants: design/measurement.md section 1, measured). Times are ms after the script's origin.
#include <deque>
#include <mutex>

#include "nvml/script.h"

namespace fake {

class Board {
 public:
  explicit Board(const DeviceScript& script) : script_(script) {}

  // The energy counter's reading at t, mJ: the integral up to the last point of its grid.
  [[nodiscard]] uint64_t counter_mj(double t_ms) const;
  // Fields 186 and 185, mW: means over the last 25 ms and 1 s before the last point of their grids.
  [[nodiscard]] unsigned int instant_mw(double t_ms) const {
    return mean_mw(grid(t_ms, script_.power_period_ms), script_.power_averaging_ms);
  }
  [[nodiscard]] unsigned int average_mw(double t_ms) const { return mean_mw(grid(t_ms, script_.period_ms), 1000); }
  // A sample of the 20 ms ring, mW: the profile through the sensor's filter.
  [[nodiscard]] unsigned int filtered_mw(double t_ms) const;
  [[nodiscard]] bool busy(double t_ms) const;

  // What the sensor in front of the counter holds back of the pulses' energy at t, J.
  [[nodiscard]] double held_back_j(double t_ms) const;
  // Joules from the origin to t.
  [[nodiscard]] double energy_j(double t_ms) const;

  // Notes this process's CPU time, which `follow-cpu` takes its power from.
  void look_at_cpu(double t_ms);

  [[nodiscard]] const DeviceScript& script() const { return script_; }

 private:
  struct CpuMark {
    double at_ms;
    double cpu_ms;
  };

  [[nodiscard]] double grid(double t_ms, double period_ms) const;
  [[nodiscard]] double cpu_ms(double t_ms) const;
  [[nodiscard]] unsigned int mean_mw(double t_ms, double over_ms) const;

  const DeviceScript script_;
  mutable std::mutex mutex_;
  std::deque<CpuMark> cpu_;
};

}  // namespace fake
