#include "energy/nvml_device.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/clock.h"

namespace mj::energy {

using nvml::Return;

const char* nvml_call_name(NvmlCall call) noexcept {
  static constexpr const char* kNames[] = {"total-energy",
                                           "energy-field",
                                           "module-energy",
                                           "memory-energy",
                                           "power-instant",
                                           "power-average",
                                           "memory-power",
                                           "power-usage",
                                           "power-samples",
                                           "temperature",
                                           "sm-clock",
                                           "memory-clock",
                                           "utilization",
                                           "event-reasons",
                                           "processes",
                                           "process-utilization",
                                           "power-limit",
                                           "mig-mode",
                                           "compute-capability",
                                           "persistence-mode",
                                           "application-graphics-clock",
                                           "application-memory-clock",
                                           "auto-boost"};
  static_assert(sizeof(kNames) / sizeof(kNames[0]) == kNvmlCallCount);
  return kNames[static_cast<size_t>(call)];
}

bool field_count(const nvml::FieldValue& field, uint64_t& out) noexcept {
  if (field.result != nvml::kSuccess) return false;
  switch (field.type) {
    case nvml::kUnsignedInt:
      out = field.value.u;
      return true;
    case nvml::kUnsignedLong:
      out = field.value.ul;
      return true;
    case nvml::kUnsignedLongLong:
      out = field.value.ull;
      return true;
    case nvml::kSignedLongLong:
      out = static_cast<uint64_t>(field.value.ll);
      return field.value.ll >= 0;
    case nvml::kSignedInt:
      out = static_cast<uint64_t>(field.value.i);
      return field.value.i >= 0;
    case nvml::kUnsignedShort:
      out = field.value.us;
      return true;
    case nvml::kDouble:
      out = static_cast<uint64_t>(field.value.d);
      return field.value.d >= 0;
  }
  return false;
}

namespace {

// Domain, bus, device and function; the domain may be left out.
std::optional<std::array<unsigned int, 4>> parse_pci_bus_id(const std::string& text) {
  std::array<unsigned int, 4> id{};
  size_t field = std::count(text.begin(), text.end(), ':') == 1 ? 1 : 0;
  const char* at = text.data();
  const char* const end = at + text.size();
  for (;; ++field, ++at) {
    const auto [next, error] = std::from_chars(at, end, id.at(field), 16);
    if (error != std::errc()) return std::nullopt;
    at = next;
    if (field == 3) break;
    if (at == end || *at != (field == 2 ? '.' : ':')) return std::nullopt;
  }
  return at == end ? std::optional(id) : std::nullopt;
}

}  // namespace

bool same_pci_bus_id(const std::string& a, const std::string& b) {
  const auto left = parse_pci_bus_id(a);
  return left && left == parse_pci_bus_id(b);
}

Status NvmlDevice::identify() {
  const nvml::Functions& api = library_.api;
  Return result = api.device_handle(index_, &handle_);
  if (result != nvml::kSuccess) return library_.status_of(result, "nvmlDeviceGetHandleByIndex_v2");
  std::array<char, nvml::kTextSize> text{};
  result = api.uuid(handle_, text.data(), text.size());
  if (result != nvml::kSuccess) return library_.status_of(result, "nvmlDeviceGetUUID");
  uuid_ = text.data();
  if (api.name != nullptr && api.name(handle_, text.data(), text.size()) == nvml::kSuccess) name_ = text.data();
  nvml::PciInfo pci{};
  if (api.pci_info != nullptr && api.pci_info(handle_, &pci) == nvml::kSuccess) pci_bus_id_ = pci.bus_id;
  identified_ = true;
  return {};
}

Status NvmlDevice::try_call(NvmlCall call) {
  uint64_t value = 0;
  const Return result = [&] {
    nvml::Utilization utilization_now{};
    unsigned int count = 0;
    switch (call) {
      case NvmlCall::kUtilization:
        return utilization(utilization_now);
      case NvmlCall::kPowerSamples:
        return power_samples(0, nullptr, count);
      case NvmlCall::kProcesses:
        return processes(nullptr, count);
      case NvmlCall::kProcessUtilization:
        return process_utilization(0, nullptr, count);
      default:
        return read(call, value);
    }
  }();
  if (result != nvml::kSuccess) return library_.status_of(result, nvml_call_name(call));
  told_[static_cast<size_t>(call)] = value;
  return {};
}

std::optional<uint64_t> NvmlDevice::told(NvmlCall call) const noexcept {
  if (!supports(call)) return std::nullopt;
  return told_[static_cast<size_t>(call)];
}

std::optional<bool> NvmlDevice::mig() const noexcept {
  const auto mode = told(NvmlCall::kMigMode);
  return mode ? std::optional(*mode == nvml::kMigEnable) : std::nullopt;
}

double NvmlDevice::power_limit_w() const noexcept {
  const auto milliwatts = told(NvmlCall::kPowerLimit);
  return milliwatts ? static_cast<double>(*milliwatts) / 1e3 : std::numeric_limits<double>::quiet_NaN();
}

unsigned int NvmlDevice::compute_capability() const noexcept {
  return static_cast<unsigned int>(told(NvmlCall::kComputeCapability).value_or(0));
}

Return NvmlDevice::read(NvmlCall call, uint64_t& out) const noexcept {
  const nvml::Functions& api = library_.api;
  const auto number = [&](Return (*function)(nvml::Device, unsigned int*)) {
    if (function == nullptr) return nvml::kFunctionNotFound;
    unsigned int value = 0;
    const Return result = function(handle_, &value);
    out = value;
    return result;
  };
  switch (call) {
    case NvmlCall::kTotalEnergy: {
      if (api.total_energy == nullptr) return nvml::kFunctionNotFound;
      unsigned long long millijoules = 0;
      const Return result = api.total_energy(handle_, &millijoules);
      out = millijoules;
      return result;
    }
    case NvmlCall::kBoardEnergy:
      return read_field(nvml::kFieldEnergy, nvml::kScopeGpu, out);
    case NvmlCall::kModuleEnergy:
      return read_field(nvml::kFieldEnergy, nvml::kScopeModule, out);
    case NvmlCall::kMemoryEnergy:
      return read_field(nvml::kFieldEnergy, nvml::kScopeMemory, out);
    case NvmlCall::kPowerInstant:
      return read_field(nvml::kFieldPowerInstant, nvml::kScopeGpu, out);
    case NvmlCall::kPowerAverage:
      return read_field(nvml::kFieldPowerAverage, nvml::kScopeGpu, out);
    case NvmlCall::kMemoryPower:
      return read_field(nvml::kFieldPowerAverage, nvml::kScopeMemory, out);
    case NvmlCall::kPowerUsage:
      return number(api.power_usage);
    case NvmlCall::kPowerLimit:
      return number(api.power_limit);
    case NvmlCall::kSmClock:
      return read_clock(nvml::kClockSm, out);
    case NvmlCall::kMemoryClock:
      return read_clock(nvml::kClockMemory, out);
    case NvmlCall::kTemperature: {
      if (api.temperature == nullptr) return nvml::kFunctionNotFound;
      unsigned int celsius = 0;
      const Return result = api.temperature(handle_, nvml::kTemperatureGpu, &celsius);
      out = celsius;
      return result;
    }
    case NvmlCall::kThrottleReasons: {
      // Renamed in driver 535; the old name stays as an alias.
      auto* function = api.clocks_event_reasons != nullptr ? api.clocks_event_reasons : api.clocks_throttle_reasons;
      if (function == nullptr) return nvml::kFunctionNotFound;
      unsigned long long mask = 0;
      const Return result = function(handle_, &mask);
      out = mask;
      return result;
    }
    case NvmlCall::kMigMode: {
      if (api.mig_mode == nullptr) return nvml::kFunctionNotFound;
      unsigned int current = 0;
      unsigned int pending = 0;
      const Return result = api.mig_mode(handle_, &current, &pending);
      out = current;
      return result;
    }
    case NvmlCall::kComputeCapability: {
      if (api.compute_capability == nullptr) return nvml::kFunctionNotFound;
      int major = 0;
      int minor = 0;
      const Return result = api.compute_capability(handle_, &major, &minor);
      out = 10 * static_cast<uint64_t>(major) + static_cast<uint64_t>(minor);
      return result;
    }
    case NvmlCall::kApplicationGraphicsClock:
      return read_applications_clock(nvml::kClockGraphics, out);
    case NvmlCall::kApplicationMemoryClock:
      return read_applications_clock(nvml::kClockMemory, out);
    case NvmlCall::kPersistenceMode: {
      if (api.persistence_mode == nullptr) return nvml::kFunctionNotFound;
      nvml::EnableState mode = nvml::kDisabled;
      const Return result = api.persistence_mode(handle_, &mode);
      out = mode == nvml::kEnabled ? 1 : 0;
      return result;
    }
    case NvmlCall::kAutoBoost: {
      if (api.auto_boost == nullptr) return nvml::kFunctionNotFound;
      nvml::EnableState enabled = nvml::kDisabled;
      nvml::EnableState by_default = nvml::kDisabled;
      const Return result = api.auto_boost(handle_, &enabled, &by_default);
      out = enabled == nvml::kEnabled ? 1 : 0;
      return result;
    }
    default:
      return nvml::kInvalidArgument;
  }
}

Return NvmlDevice::read_field(unsigned int field, unsigned int scope, uint64_t& out) const noexcept {
  nvml::FieldValue value{};
  value.field = field;
  value.scope = scope;
  const Return result = field_values(&value, 1);
  if (result != nvml::kSuccess) return result;
  if (value.result != nvml::kSuccess) return value.result;
  return field_count(value, out) ? nvml::kSuccess : nvml::kNotSupported;
}

Return NvmlDevice::read_clock(int type, uint64_t& out) const noexcept {
  if (library_.api.clock == nullptr) return nvml::kFunctionNotFound;
  unsigned int megahertz = 0;
  const Return result = library_.api.clock(handle_, type, &megahertz);
  out = megahertz;
  return result;
}

Return NvmlDevice::read_applications_clock(int type, uint64_t& out) const noexcept {
  if (library_.api.applications_clock == nullptr) return nvml::kFunctionNotFound;
  unsigned int megahertz = 0;
  const Return result = library_.api.applications_clock(handle_, type, &megahertz);
  out = megahertz;
  return result;
}

Return NvmlDevice::utilization(nvml::Utilization& out) const noexcept {
  if (library_.api.utilization == nullptr) return nvml::kFunctionNotFound;
  return library_.api.utilization(handle_, &out);
}

Return NvmlDevice::field_values(nvml::FieldValue* fields, int count) const noexcept {
  if (library_.api.field_values == nullptr) return nvml::kFunctionNotFound;
  return library_.api.field_values(handle_, count, fields);
}

Return NvmlDevice::power_samples(uint64_t newer_than_us, nvml::Sample* out, unsigned int& count) const noexcept {
  if (library_.api.samples == nullptr) return nvml::kFunctionNotFound;
  nvml::ValueType type = nvml::kUnsignedInt;
  const Return result = library_.api.samples(handle_, nvml::kTotalPowerSamples, newer_than_us, &type, &count, out);
  if (result == nvml::kSuccess && out != nullptr) {
    // The driver writes an unsigned int and leaves the upper half of the union as it was.
    for (unsigned int i = 0; i < count; ++i) out[i].value.ull &= 0xFFFF'FFFFULL;
  }
  return result;
}

Return NvmlDevice::processes(nvml::ProcessInfo* out, unsigned int& count) const noexcept {
  if (library_.api.compute_processes == nullptr) return nvml::kFunctionNotFound;
  const Return result = library_.api.compute_processes(handle_, &count, out);
  // Asked for the count alone, or for fewer than there are.
  return result == nvml::kInsufficientSize && out == nullptr ? nvml::kSuccess : result;
}

Return NvmlDevice::process_utilization(uint64_t newer_than_us, nvml::ProcessUtilization* out,
                                       unsigned int& count) const noexcept {
  if (library_.api.process_utilization == nullptr) return nvml::kFunctionNotFound;
  const Return result = library_.api.process_utilization(handle_, out, &count, newer_than_us);
  if (result == nvml::kInsufficientSize && out == nullptr) return nvml::kSuccess;
  if (result != nvml::kNotFound) return result;
  count = 0;  // nobody ran since
  return nvml::kSuccess;
}

namespace {

constexpr int64_t kInitDeadlineNs = 5 * kNsPerSecond;
constexpr int64_t kCallDeadlineNs = 1 * kNsPerSecond;
constexpr int64_t kProbeDeadlineNs = 5 * kNsPerSecond;

Status open_library(const std::string& path, NvmlDevices& out, unsigned int& count) {
  struct Opened {
    const NvmlLibrary* library = nullptr;
    unsigned int count = 0;
  };
  const auto opened = std::make_shared<Opened>();
  const auto open = [opened, path] {
    Status status = NvmlLibrary::open(path, opened->library);
    if (!status.ok()) return status;
    const Return result = opened->library->api.device_count(&opened->count);
    return opened->library->status_of(result, "nvmlDeviceGetCount_v2");
  };
  Status status =
      run_guarded("nvml-open", {{"The NVIDIA driver's initialisation", open}}, kInitDeadlineNs, kInitDeadlineNs)[0];
  if (!status.ok()) return status;
  out.library = opened->library;
  count = opened->count;
  if (count > 0) return {};
  return {Code::kNotSupported, "The NVIDIA driver lists no GPU.",
          "In a container, start it with the GPUs (docker run --gpus all, or NVIDIA_VISIBLE_DEVICES)."};
}

}  // namespace

NvmlDevices open_nvml_devices(const std::string& path, NvmlCall first) {
  NvmlDevices result;
  const auto begin = static_cast<size_t>(first);
  unsigned int count = 0;
  result.status = open_library(path, result, count);
  if (!result.status.ok()) return result;

  std::vector<std::shared_ptr<NvmlDevice>> devices;
  std::vector<GuardedStep> steps;
  for (unsigned int i = 0; i < count; ++i) {
    const auto device = std::make_shared<NvmlDevice>(*result.library, i);
    devices.push_back(device);
    steps.push_back({"nvmlDeviceGetHandleByIndex_v2", [device] { return device->identify(); }});
    for (size_t call = begin; call < kNvmlCallCount; ++call) {
      const auto which = static_cast<NvmlCall>(call);
      steps.push_back({std::string("The driver's ") + nvml_call_name(which), [device, which] {
                         // One that could not be identified has no handle to call with.
                         if (!device->identified()) return Status(Code::kDeviceLost, "The GPU could not be opened.");
                         return device->try_call(which);
                       }});
    }
  }
  const std::vector<Status> facts = run_guarded("nvml-probe", std::move(steps), kCallDeadlineNs, kProbeDeadlineNs);
  const size_t steps_per_device = 1 + kNvmlCallCount - begin;
  const Status untried(Code::kNotSupported, "Not tried.");
  for (unsigned int i = 0; i < count; ++i) {
    const Status* of_device = &facts[i * steps_per_device];
    if (!of_device->ok()) {
      result.failures.push_back({i, *of_device});
      continue;
    }
    for (size_t call = 0; call < kNvmlCallCount; ++call) {
      devices[i]->set_support(static_cast<NvmlCall>(call), call < begin ? untried : of_device[1 + call - begin]);
    }
    result.devices.push_back(devices[i]);
  }
  return result;
}

}  // namespace mj::energy
