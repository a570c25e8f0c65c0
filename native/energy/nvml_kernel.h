#pragma once

// How a board's power readings come about, by its architecture. Sources: docs/uncertainty.md, "Boards without a
// counter".
#include <string>

#include "energy/nvml_device.h"
#include "energy/power_counter.h"

namespace mj::energy {

struct NvmlKernel {
  PowerKernel kernel;
  bool known = false;
  std::string text;  // '25 of each 100 ms'
};

// Of kPowerInstant, kPowerAverage, kPowerUsage or kPowerSamples. Compute capability rather than architecture decides:
// it tells GA100 from the other chips of its name, and old drivers give it.
NvmlKernel nvml_power_kernel(const NvmlDevice& device, NvmlCall call);

// The call whose values the board's energy is counted from where its counter cannot be read: the ring, else what covers
// all of the time, else any. kCount: no power can be read either.
NvmlCall nvml_power_to_integrate(const NvmlDevice& device);

}  // namespace mj::energy
