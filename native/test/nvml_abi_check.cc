// Every type, constant and signature of nvml_abi.h against the real nvml.h; compiled by tools/check-nvml-abi.mjs, whose
// record is energy/nvml_abi_checked.json.
#define NVML_NO_UNVERSIONED_FUNC_DEFS
#include <nvml.h>

#include <type_traits>

#include "energy/nvml_abi.h"

namespace {

namespace abi = mj::energy::nvml;

template <typename Ours, typename Theirs>
constexpr bool same_layout = sizeof(Ours) == sizeof(Theirs) && alignof(Ours) == alignof(Theirs);

static_assert(same_layout<abi::Return, nvmlReturn_t>);
static_assert(same_layout<abi::ValueType, nvmlValueType_t>);
static_assert(same_layout<abi::Device, nvmlDevice_t>);
static_assert(same_layout<abi::Value, nvmlValue_t>);
static_assert(same_layout<abi::Sample, nvmlSample_t>);
static_assert(offsetof(abi::Sample, value) == offsetof(nvmlSample_t, sampleValue));
static_assert(same_layout<abi::FieldValue, nvmlFieldValue_t>);
static_assert(offsetof(abi::FieldValue, scope) == offsetof(nvmlFieldValue_t, scopeId));
static_assert(offsetof(abi::FieldValue, type) == offsetof(nvmlFieldValue_t, valueType));
static_assert(offsetof(abi::FieldValue, result) == offsetof(nvmlFieldValue_t, nvmlReturn));
static_assert(offsetof(abi::FieldValue, value) == offsetof(nvmlFieldValue_t, value));
static_assert(same_layout<abi::PciInfo, nvmlPciInfo_t>);
static_assert(offsetof(abi::PciInfo, bus_id) == offsetof(nvmlPciInfo_t, busId));
static_assert(same_layout<abi::Utilization, nvmlUtilization_t>);
static_assert(same_layout<abi::ProcessInfo, nvmlProcessInfo_v2_t>);
static_assert(offsetof(abi::ProcessInfo, used_memory) == offsetof(nvmlProcessInfo_v2_t, usedGpuMemory));
static_assert(same_layout<abi::ProcessUtilization, nvmlProcessUtilizationSample_t>);
static_assert(offsetof(abi::ProcessUtilization, sm_percent) == offsetof(nvmlProcessUtilizationSample_t, smUtil));

static_assert(abi::kSuccess == int{NVML_SUCCESS} && abi::kNotSupported == int{NVML_ERROR_NOT_SUPPORTED});
static_assert(abi::kUninitialized == int{NVML_ERROR_UNINITIALIZED} &&
              abi::kInvalidArgument == int{NVML_ERROR_INVALID_ARGUMENT});
static_assert(abi::kNoPermission == int{NVML_ERROR_NO_PERMISSION} && abi::kNotFound == int{NVML_ERROR_NOT_FOUND});
static_assert(abi::kInsufficientSize == int{NVML_ERROR_INSUFFICIENT_SIZE} && abi::kTimeout == int{NVML_ERROR_TIMEOUT});
static_assert(abi::kDriverNotLoaded == int{NVML_ERROR_DRIVER_NOT_LOADED} &&
              abi::kLibraryNotFound == int{NVML_ERROR_LIBRARY_NOT_FOUND} &&
              abi::kFunctionNotFound == int{NVML_ERROR_FUNCTION_NOT_FOUND});
static_assert(abi::kGpuIsLost == int{NVML_ERROR_GPU_IS_LOST} && abi::kResetRequired == int{NVML_ERROR_RESET_REQUIRED} &&
              abi::kNoData == int{NVML_ERROR_NO_DATA});
static_assert(abi::kLibRmVersionMismatch == int{NVML_ERROR_LIB_RM_VERSION_MISMATCH} &&
              abi::kGpuNotFound == int{NVML_ERROR_GPU_NOT_FOUND} && abi::kUnknown == int{NVML_ERROR_UNKNOWN});
static_assert(abi::kDouble == int{NVML_VALUE_TYPE_DOUBLE} && abi::kUnsignedInt == int{NVML_VALUE_TYPE_UNSIGNED_INT} &&
              abi::kUnsignedLong == int{NVML_VALUE_TYPE_UNSIGNED_LONG} &&
              abi::kUnsignedLongLong == int{NVML_VALUE_TYPE_UNSIGNED_LONG_LONG} &&
              abi::kSignedLongLong == int{NVML_VALUE_TYPE_SIGNED_LONG_LONG} &&
              abi::kSignedInt == int{NVML_VALUE_TYPE_SIGNED_INT} &&
              abi::kUnsignedShort == int{NVML_VALUE_TYPE_UNSIGNED_SHORT});
static_assert(abi::kFieldPowerAverage == NVML_FI_DEV_POWER_AVERAGE &&
              abi::kFieldPowerInstant == NVML_FI_DEV_POWER_INSTANT && abi::kFieldEnergy == NVML_FI_DEV_ENERGY);
static_assert(abi::kScopeGpu == NVML_POWER_SCOPE_GPU && abi::kScopeModule == NVML_POWER_SCOPE_MODULE &&
              abi::kScopeMemory == NVML_POWER_SCOPE_MEMORY);
static_assert(same_layout<abi::EnableState, nvmlEnableState_t> && abi::kDisabled == int{NVML_FEATURE_DISABLED} &&
              abi::kEnabled == int{NVML_FEATURE_ENABLED} && abi::kClockGraphics == int{NVML_CLOCK_GRAPHICS});
static_assert(abi::kTemperatureGpu == int{NVML_TEMPERATURE_GPU} && abi::kClockSm == int{NVML_CLOCK_SM} &&
              abi::kClockMemory == int{NVML_CLOCK_MEM} && abi::kTotalPowerSamples == int{NVML_TOTAL_POWER_SAMPLES});
static_assert(abi::kMigEnable == NVML_DEVICE_MIG_ENABLE && abi::kTextSize >= NVML_DEVICE_UUID_V2_BUFFER_SIZE &&
              abi::kTextSize >= NVML_DEVICE_NAME_V2_BUFFER_SIZE);

// A parameter of ours stands for one of theirs where both are passed alike: scalars and enums of one size, or pointers.
template <typename Ours, typename Theirs>
constexpr bool passed_alike = std::is_pointer_v<Ours> == std::is_pointer_v<Theirs> && sizeof(Ours) == sizeof(Theirs);

template <typename Ours, typename Theirs>
struct SameCall : std::false_type {};
template <typename R, typename... P, typename S, typename... Q>
struct SameCall<R(P...), S(Q...)> : std::bool_constant<sizeof...(P) == sizeof...(Q) && passed_alike<R, S>> {
  static_assert((passed_alike<P, Q> && ...));
};

using namespace mj::energy::nvml;  // the signatures name its types

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#define X(member, symbol, ...) static_assert(SameCall<__VA_ARGS__, std::remove_pointer_t<decltype(&symbol)>>::value);
MJ_NVML_REQUIRED(X)
MJ_NVML_OPTIONAL(X)
#undef X

}  // namespace
