#pragma once

// The part of NVML that is used, declared by us so that no NVIDIA header is needed to build.
// tools/check-nvml-abi.mjs compares it with the real one.
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace mj::energy::nvml {

using Device = struct nvmlDevice_st*;

// nvmlReturn_t, a C enum.
enum Return : int {
  kSuccess = 0,
  kUninitialized = 1,
  kInvalidArgument = 2,
  kNotSupported = 3,
  kNoPermission = 4,
  kNotFound = 6,
  kInsufficientSize = 7,
  kDriverNotLoaded = 9,
  kTimeout = 10,
  kLibraryNotFound = 12,
  kFunctionNotFound = 13,
  kGpuIsLost = 15,
  kResetRequired = 16,
  kLibRmVersionMismatch = 18,
  kNoData = 21,
  kGpuNotFound = 28,
  kUnknown = 999,
};

enum ValueType : int {
  kDouble = 0,
  kUnsignedInt = 1,
  kUnsignedLong = 2,
  kUnsignedLongLong = 3,
  kSignedLongLong = 4,
  kSignedInt = 5,
  kUnsignedShort = 6,
};

union Value {
  double d;
  int i;
  unsigned int u;
  unsigned long ul;
  unsigned long long ull;
  long long ll;
  unsigned short us;
};
static_assert(sizeof(Value) == 8);

struct Sample {
  unsigned long long timestamp_us;  // CLOCK_REALTIME
  Value value;
};
static_assert(sizeof(Sample) == 16);

struct FieldValue {
  unsigned int field;
  unsigned int scope;
  long long timestamp_us;
  long long latency_us;
  ValueType type;
  Return result;
  Value value;
};
static_assert(sizeof(FieldValue) == 40 && offsetof(FieldValue, value) == 32);

struct PciInfo {
  char bus_id_legacy[16];
  unsigned int domain;
  unsigned int bus;
  unsigned int device;
  unsigned int pci_device_id;
  unsigned int pci_subsystem_id;
  char bus_id[32];
};
static_assert(sizeof(PciInfo) == 68 && offsetof(PciInfo, bus_id) == 36);

struct Utilization {
  unsigned int gpu;
  unsigned int memory;
};
static_assert(sizeof(Utilization) == 8);

// nvmlProcessInfo_v2_t, which the _v3 functions fill.
struct ProcessInfo {
  unsigned int pid;
  unsigned long long used_memory;
  unsigned int gpu_instance;
  unsigned int compute_instance;
};
static_assert(sizeof(ProcessInfo) == 24);

struct ProcessUtilization {
  unsigned int pid;
  unsigned long long timestamp_us;
  unsigned int sm_percent;
  unsigned int memory_percent;
  unsigned int encoder_percent;
  unsigned int decoder_percent;
};
static_assert(sizeof(ProcessUtilization) == 32);

constexpr unsigned int kFieldPowerAverage = 185;
constexpr unsigned int kFieldPowerInstant = 186;
constexpr unsigned int kFieldEnergy = 191;
constexpr unsigned int kScopeGpu = 0;
constexpr unsigned int kScopeModule = 1;
constexpr unsigned int kScopeMemory = 2;
constexpr int kTemperatureGpu = 0;
constexpr int kClockGraphics = 0;
constexpr int kClockSm = 1;
constexpr int kClockMemory = 2;
constexpr int kTotalPowerSamples = 0;
constexpr unsigned int kMigEnable = 1;
// nvmlEnableState_t, a C enum.
enum EnableState : int { kDisabled = 0, kEnabled = 1 };
constexpr size_t kTextSize = 96;  // UUID and name, NVML_DEVICE_*_V2_BUFFER_SIZE

// Without these nothing can be done. X(member, symbol, signature)
#define MJ_NVML_REQUIRED(X)                                                      \
  X(init, nvmlInit_v2, Return())                                                 \
  X(device_count, nvmlDeviceGetCount_v2, Return(unsigned int*))                  \
  X(device_handle, nvmlDeviceGetHandleByIndex_v2, Return(unsigned int, Device*)) \
  X(uuid, nvmlDeviceGetUUID, Return(Device, char*, unsigned int))

// Each of these may be absent from an old library: what needs it is then unsupported.
#define MJ_NVML_OPTIONAL(X)                                                                                     \
  X(error_string, nvmlErrorString, const char*(Return))                                                         \
  X(driver_version, nvmlSystemGetDriverVersion, Return(char*, unsigned int))                                    \
  X(cuda_version, nvmlSystemGetCudaDriverVersion_v2, Return(int*))                                              \
  X(name, nvmlDeviceGetName, Return(Device, char*, unsigned int))                                               \
  X(pci_info, nvmlDeviceGetPciInfo_v3, Return(Device, PciInfo*))                                                \
  X(total_energy, nvmlDeviceGetTotalEnergyConsumption, Return(Device, unsigned long long*))                     \
  X(field_values, nvmlDeviceGetFieldValues, Return(Device, int, FieldValue*))                                   \
  X(power_usage, nvmlDeviceGetPowerUsage, Return(Device, unsigned int*))                                        \
  X(samples, nvmlDeviceGetSamples, Return(Device, int, unsigned long long, ValueType*, unsigned int*, Sample*)) \
  X(temperature, nvmlDeviceGetTemperature, Return(Device, int, unsigned int*))                                  \
  X(clock, nvmlDeviceGetClockInfo, Return(Device, int, unsigned int*))                                          \
  X(utilization, nvmlDeviceGetUtilizationRates, Return(Device, Utilization*))                                   \
  X(clocks_event_reasons, nvmlDeviceGetCurrentClocksEventReasons, Return(Device, unsigned long long*))          \
  X(clocks_throttle_reasons, nvmlDeviceGetCurrentClocksThrottleReasons, Return(Device, unsigned long long*))    \
  X(compute_processes, nvmlDeviceGetComputeRunningProcesses_v3, Return(Device, unsigned int*, ProcessInfo*))    \
  X(process_utilization, nvmlDeviceGetProcessUtilization,                                                       \
    Return(Device, ProcessUtilization*, unsigned int*, unsigned long long))                                     \
  X(power_limit, nvmlDeviceGetEnforcedPowerLimit, Return(Device, unsigned int*))                                \
  X(mig_mode, nvmlDeviceGetMigMode, Return(Device, unsigned int*, unsigned int*))                               \
  X(compute_capability, nvmlDeviceGetCudaComputeCapability, Return(Device, int*, int*))                         \
  X(persistence_mode, nvmlDeviceGetPersistenceMode, Return(Device, EnableState*))                               \
  X(applications_clock, nvmlDeviceGetApplicationsClock, Return(Device, int, unsigned int*))                     \
  X(auto_boost, nvmlDeviceGetAutoBoostedClocksEnabled, Return(Device, EnableState*, EnableState*))

struct Functions {
#define X(member, symbol, ...) std::add_pointer_t<__VA_ARGS__> member = nullptr;
  MJ_NVML_REQUIRED(X)
  MJ_NVML_OPTIONAL(X)
#undef X
};

}  // namespace mj::energy::nvml
