#pragma once

// What can be read here and at what price, measured on this machine.
#include <optional>
#include <string>
#include <vector>

#include "energy/sources.h"

namespace mj::energy {

struct ProbedCounter {
  std::string id;
  std::string family;
  std::string method;
  Scope scope = Scope::kBoard;
  ReadingKind kind = ReadingKind::kEnergyCounter;
  double resolution = 0;        // J or W; NaN: unknown
  double update_period_ns = 0;  // NaN: not seen
  std::vector<double> call_ns;  // one a call, empty where not timed
  Status unsupported;
};

struct ProbedDevice {
  DeviceInfo info;
  std::optional<bool> mig;
};

struct CounterProbe {
  std::string driver;
  std::string cuda_driver;
  bool simulated = false;
  std::vector<ProbedDevice> devices;
  std::vector<ProbedCounter> counters;
};

// Blocks for about half a second a device with `timing`; a driver that hangs costs its deadline.
CounterProbe probe_counters(const Roots& roots, bool timing);

}  // namespace mj::energy
