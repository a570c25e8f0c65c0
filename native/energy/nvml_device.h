#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/guarded_steps.h"
#include "energy/nvml_library.h"

namespace mj::energy {

// Everything that is read of a device. Each is tried once at opening; what fails is a fact and not an error.
enum class NvmlCall : uint8_t {
  kTotalEnergy,   // nvmlDeviceGetTotalEnergyConsumption
  kBoardEnergy,   // field 191, scope GPU
  kModuleEnergy,  // field 191, scope MODULE
  kMemoryEnergy,  // field 191, scope MEMORY
  kPowerInstant,  // field 186
  kPowerAverage,  // field 185
  kMemoryPower,   // field 185, scope MEMORY
  kPowerUsage,    // nvmlDeviceGetPowerUsage
  kPowerSamples,  // nvmlDeviceGetSamples
  kTemperature,
  kSmClock,
  kMemoryClock,
  kUtilization,
  kThrottleReasons,
  kProcesses,
  kProcessUtilization,
  // From here on: how the board is set up, which changes only where somebody changes it.
  kPowerLimit,
  kMigMode,
  kComputeCapability,  // 80 for 8.0
  kPersistenceMode,
  kApplicationGraphicsClock,
  kApplicationMemoryClock,
  kAutoBoost,
  kCount,
};
constexpr size_t kNvmlCallCount = static_cast<size_t>(NvmlCall::kCount);
const char* nvml_call_name(NvmlCall call) noexcept;

// One GPU as NVML sees it. The readers neither allocate nor throw.
class NvmlDevice {
 public:
  NvmlDevice(const NvmlLibrary& library, unsigned int index) : library_(library), index_(index) {}

  [[nodiscard]] unsigned int index() const noexcept { return index_; }
  [[nodiscard]] const NvmlLibrary& library() const noexcept { return library_; }
  [[nodiscard]] const std::string& uuid() const noexcept { return uuid_; }
  [[nodiscard]] const std::string& pci_bus_id() const noexcept { return pci_bus_id_; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  // What a call that gives one number gave when it was tried.
  [[nodiscard]] std::optional<uint64_t> told(NvmlCall call) const noexcept;
  [[nodiscard]] std::optional<bool> mig() const noexcept;
  [[nodiscard]] double power_limit_w() const noexcept;             // NaN: not told
  [[nodiscard]] unsigned int compute_capability() const noexcept;  // 80 for 8.0; 0: not told
  [[nodiscard]] bool identified() const noexcept { return identified_; }
  [[nodiscard]] const Status& support(NvmlCall call) const noexcept { return support_[static_cast<size_t>(call)]; }
  [[nodiscard]] bool supports(NvmlCall call) const noexcept { return support(call).ok(); }

  // For opening, on a thread that may be abandoned: the handle and identity, then each call once.
  Status identify();
  Status try_call(NvmlCall call);
  void set_support(NvmlCall call, Status status) { support_[static_cast<size_t>(call)] = std::move(status); }

  // A reading of any call that gives one number: mJ, mW, degrees C, MHz, a bit mask, 0 or 1.
  nvml::Return read(NvmlCall call, uint64_t& out) const noexcept;
  nvml::Return utilization(nvml::Utilization& out) const noexcept;
  // Fills each field's own `result`; the caller checks it, then the type, then the union.
  nvml::Return field_values(nvml::FieldValue* fields, int count) const noexcept;
  // `count` in: room in `out`, out: samples newer than `newer_than_us`. Values are masked to 32 bits.
  nvml::Return power_samples(uint64_t newer_than_us, nvml::Sample* out, unsigned int& count) const noexcept;
  nvml::Return processes(nvml::ProcessInfo* out, unsigned int& count) const noexcept;
  nvml::Return process_utilization(uint64_t newer_than_us, nvml::ProcessUtilization* out,
                                   unsigned int& count) const noexcept;

 private:
  nvml::Return read_field(unsigned int field, unsigned int scope, uint64_t& out) const noexcept;
  nvml::Return read_clock(int type, uint64_t& out) const noexcept;
  nvml::Return read_applications_clock(int type, uint64_t& out) const noexcept;

  const NvmlLibrary& library_;
  const unsigned int index_;
  nvml::Device handle_ = nullptr;
  std::string uuid_;
  std::string pci_bus_id_;
  std::string name_;
  // Atomic because a call that was given up may still return, on its own thread.
  std::atomic<bool> identified_{false};
  std::array<std::atomic<uint64_t>, kNvmlCallCount> told_{};
  std::array<Status, kNvmlCallCount> support_;
};

// A field's value as a count; false where its own return or its type says that there is none.
bool field_count(const nvml::FieldValue& field, uint64_t& out) noexcept;

// Compares '00000000:19:00.0' (NVML) with '0000:19:00.0' (CUDA) and '19:00.0'.
bool same_pci_bus_id(const std::string& a, const std::string& b);

struct NvmlDevices {
  Status status;  // not ok: none of NVML can be used here
  const NvmlLibrary* library = nullptr;
  std::vector<std::shared_ptr<const NvmlDevice>> devices;
  // Of devices that NVML lists and does not open.
  struct Failure {
    unsigned int index;
    Status status;
  };
  std::vector<Failure> failures;
};

// Opens the library and tries every call of every device from `first` on, each with a deadline.
NvmlDevices open_nvml_devices(const std::string& path, NvmlCall first = NvmlCall::kTotalEnergy);

}  // namespace mj::energy
