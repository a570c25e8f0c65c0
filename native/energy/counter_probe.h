#pragma once

// What can be read here and at what price, measured on this machine.
#include <string>
#include <vector>

#include "energy/probed_counter.h"
#include "energy/rapl_probe.h"
#include "energy/sources.h"

namespace mj::energy {

struct CounterProbe {
  std::string driver;
  std::string cuda_driver;
  bool simulated = false;
  std::vector<DeviceInfo> devices;
  std::vector<ProbedCounter> counters;
  RaplProbe rapl;  // its counters are among the above
};

// Blocks for about half a second a device with `timing`; a driver that hangs costs its deadline.
CounterProbe probe_counters(const Roots& roots, bool timing);

}  // namespace mj::energy
