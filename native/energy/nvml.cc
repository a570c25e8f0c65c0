// NVML as a family of sources: which devices are asked for, and what each of them gives.
#include <algorithm>
#include <cmath>

#include "energy/nvml_sources.h"
#include "energy/sources.h"
#include "energy/window_traits.h"

namespace mj::energy {

ChannelInfo nvml_channel(const NvmlDevice& device, Scope scope, const std::string& what) {
  ChannelInfo channel;
  channel.index = static_cast<int>(device.index());
  channel.id = std::string(scope_prefix(scope)) + "-" + std::to_string(channel.index);
  channel.scope = scope;
  channel.method = "nvml:" + what;
  // MIG has no power of its own: what is read is the whole GPU, and is called that.
  if (device.mig().value_or(false)) channel.method += " (whole GPU: MIG is on)";
  channel.key = device.uuid() + ":" + what;
  channel.uuid = device.uuid();
  channel.pci_bus_id = device.pci_bus_id();
  const double limit = device.power_limit_w();
  channel.traits = nvml_board_traits(std::isnan(limit) ? 0 : limit, 0);
  return channel;
}

void nvml_integrate(const NvmlDevice& device, NvmlCall call, ChannelInfo& channel) {
  const NvmlKernel how = nvml_power_kernel(device, call);
  const double limit = device.power_limit_w();
  channel.traits = integrated_traits(how.kernel, std::isnan(limit) ? 0 : limit);
  channel.integrated = {how.kernel, how.text};
}

namespace {

ChannelInfo unsupported_board(unsigned int index, const Status& status) {
  ChannelInfo channel;
  channel.index = static_cast<int>(index);
  channel.id = "board-" + std::to_string(index);
  channel.method = "nvml:total-energy";
  channel.scope = Scope::kBoard;
  channel.unsupported = status;
  return channel;
}

bool names(const std::string& wanted, const NvmlDevice& device) {
  return wanted == device.uuid() || wanted == std::to_string(device.index()) ||
         same_pci_bus_id(wanted, device.pci_bus_id());
}

// Each name must stand for a device: a mistyped one would silently measure nothing.
Status check_filter(const std::vector<std::string>& wanted, const std::vector<NvmlDevicePtr>& devices) {
  for (const std::string& name : wanted) {
    if (std::any_of(devices.begin(), devices.end(), [&](const auto& device) { return names(name, *device); })) continue;
    std::string known;
    for (const auto& device : devices) {
      known += (known.empty() ? "" : ", ") + std::to_string(device->index()) + " = " + device->uuid() + " = " +
               device->pci_bus_id();
    }
    return {Code::kInvalidArgument, "No GPU is called '" + name + "'.", "NVML knows: " + known + "."};
  }
  return {};
}

bool wanted(const std::vector<std::string>& list, const NvmlDevice& device) {
  return list.empty() ||
         std::any_of(list.begin(), list.end(), [&](const std::string& name) { return names(name, device); });
}

ChannelInfo unreadable(const NvmlDevice& device, NvmlCall board) {
  ChannelInfo channel = nvml_channel(device, Scope::kBoard, nvml_call_name(board));
  channel.unsupported = device.support(board);
  if (channel.unsupported.code == Code::kNotSupported && channel.unsupported.remedy.empty()) {
    channel.unsupported.message += " Nor does it tell its power, from which energy could be counted.";
    channel.unsupported.remedy = "Measure on the machine that the GPU is in: virtual GPUs and old boards hide both.";
  }
  return channel;
}

// Returns the power call that stands in for the board's counter; kCount: none has to, or none can.
NvmlCall add_energy(const NvmlDevicePtr& device, OpenedFamily& family) {
  // Where a module is told apart (Grace Hopper), the old call reports the module and the field the GPU.
  const bool module = device->supports(NvmlCall::kModuleEnergy);
  const NvmlCall board =
      module && device->supports(NvmlCall::kBoardEnergy) ? NvmlCall::kBoardEnergy : NvmlCall::kTotalEnergy;
  NvmlCall power = NvmlCall::kCount;
  if (device->supports(board)) {
    family.sources.push_back(make_nvml_energy(device, board, Scope::kBoard));
  } else {
    power = nvml_power_to_integrate(*device);
    if (power == NvmlCall::kCount) family.unsupported.push_back(unreadable(*device, board));
  }
  if (module) family.sources.push_back(make_nvml_energy(device, NvmlCall::kModuleEnergy, Scope::kModule));
  if (device->supports(NvmlCall::kMemoryEnergy)) {
    family.sources.push_back(make_nvml_energy(device, NvmlCall::kMemoryEnergy, Scope::kGpuMemory));
  }
  return power;
}

}  // namespace

OpenedFamily open_nvml(const OpenRequest& request) {
  OpenedFamily family;
  const NvmlDevices found = open_nvml_devices(request.roots.nvml);
  if (found.library != nullptr) {
    family.driver = found.library->driver_version;
    family.simulated = found.library->simulated;
  }
  if (!found.status.ok()) {
    family.unsupported.push_back(unsupported_board(0, found.status));
    return family;
  }
  for (const auto& failure : found.failures) {
    family.unsupported.push_back(unsupported_board(failure.index, failure.status));
  }
  family.refused = check_filter(request.devices, found.devices);
  if (!family.refused.ok()) return family;
  for (const NvmlDevicePtr& device : found.devices) {
    if (!wanted(request.devices, *device)) continue;
    family.devices.push_back({"board-" + std::to_string(device->index()), static_cast<int>(device->index()),
                              device->name(), device->uuid(), device->pci_bus_id(), device->mig()});
    const NvmlCall integrated = add_energy(device, family);
    if (auto power = make_nvml_power(device, integrated)) family.sources.push_back(std::move(power));
    if (auto ring = make_nvml_ring(device, integrated)) family.sources.push_back(std::move(ring));
    family.conditions.push_back(make_nvml_conditions(device, request.children_are_ours));
  }
  return family;
}

}  // namespace mj::energy
