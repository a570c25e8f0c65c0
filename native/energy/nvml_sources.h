#pragma once

// The sources that one NVML device gives; nvml.cc puts them together.
#include <memory>
#include <string>

#include "energy/conditions.h"
#include "energy/nvml_device.h"
#include "energy/nvml_kernel.h"
#include "energy/source.h"

namespace mj::energy {

using NvmlDevicePtr = std::shared_ptr<const NvmlDevice>;

// A channel of this device with its identity filled in.
ChannelInfo nvml_channel(const NvmlDevice& device, Scope scope, const std::string& what);

// Makes energy be counted from this power channel's values.
void nvml_integrate(const NvmlDevice& device, NvmlCall call, ChannelInfo& channel);

// The cumulative counter that `call` reads: slow, found by its edges.
std::unique_ptr<Source> make_nvml_energy(const NvmlDevicePtr& device, NvmlCall call, Scope scope);
// Fields 186 and 185, or nvmlDeviceGetPowerUsage where there are none; null where no power can be read. `integrated`:
// of which of them energy is counted, kCount: of none.
std::unique_ptr<Source> make_nvml_power(const NvmlDevicePtr& device, NvmlCall integrated = NvmlCall::kCount);
// The driver's ring of filtered samples; null where there is none.
std::unique_ptr<Source> make_nvml_ring(const NvmlDevicePtr& device, NvmlCall integrated = NvmlCall::kCount);
std::unique_ptr<ConditionsSource> make_nvml_conditions(const NvmlDevicePtr& device, bool children_are_ours = false);

// Only these mean that the device is gone; any other failure may pass.
inline Fault nvml_fault(nvml::Return result) noexcept {
  return result == nvml::kGpuIsLost || result == nvml::kResetRequired ? Fault::kLost : Fault::kNone;
}

inline ReadOutcome nvml_outcome(nvml::Return result, size_t count) noexcept {
  const bool ok = result == nvml::kSuccess;
  return {ok ? count : 0, !ok, nvml_fault(result)};
}

}  // namespace mj::energy
