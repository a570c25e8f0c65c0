#pragma once

// The part of ONNX Runtime's C API that is used, by slot of its append-only function table, so that no header of
// theirs is needed to build. native/test/ort_abi_check.cc holds every slot, signature and enumerator against the
// real header; what it found, and for which release, stands in ort_abi_checked.json.
#include <cstddef>
#include <cstdint>
#include <type_traits>

#ifdef MJ_ORT_REAL_HEADER
#include MJ_ORT_REAL_HEADER
#endif

namespace mj::ort::abi {

#ifdef MJ_ORT_REAL_HEADER
using Allocator = ::OrtAllocator;
using CudaOptions = ::OrtCUDAProviderOptionsV2;
using Env = ::OrtEnv;
using EpDevice = ::OrtEpDevice;
using EpNode = ::OrtEpAssignedNode;
using EpSubgraph = ::OrtEpAssignedSubgraph;
using HardwareDevice = ::OrtHardwareDevice;
using IoBinding = ::OrtIoBinding;
using KeyValues = ::OrtKeyValuePairs;
using MemoryInfo = ::OrtMemoryInfo;
using RunOptions = ::OrtRunOptions;
using Session = ::OrtSession;
using SessionOptions = ::OrtSessionOptions;
using Status = ::OrtStatus;
using TensorRtOptions = ::OrtTensorRTProviderOptionsV2;
using TensorInfo = ::OrtTensorTypeAndShapeInfo;
using TypeInfo = ::OrtTypeInfo;
using Value = ::OrtValue;
#else
struct Allocator;
struct CudaOptions;
struct Env;
struct EpDevice;
struct EpNode;
struct EpSubgraph;
struct HardwareDevice;
struct IoBinding;
struct KeyValues;
struct MemoryInfo;
struct RunOptions;
struct Session;
struct SessionOptions;
struct Status;
struct TensorRtOptions;
struct TensorInfo;
struct TypeInfo;
struct Value;
#endif

// Enumerations: our name, theirs, what they are in memory.
#define MJ_ORT_ENUM_TYPES(X)                                  \
  X(AllocatorType, OrtAllocatorType, int)                     \
  X(ElementType, ONNXTensorElementDataType, unsigned)         \
  X(ErrorCode, OrtErrorCode, unsigned)                        \
  X(ExecutionMode, ExecutionMode, unsigned)                   \
  X(GraphOptimizationLevel, GraphOptimizationLevel, unsigned) \
  X(HardwareDeviceType, OrtHardwareDeviceType, unsigned)      \
  X(LoggingLevel, OrtLoggingLevel, unsigned)                  \
  X(MemType, OrtMemType, int)

#ifdef MJ_ORT_REAL_HEADER
#define X(ours, theirs, type) using ours = ::theirs;
#else
#define X(ours, theirs, type) enum ours : type;
#endif
MJ_ORT_ENUM_TYPES(X)
#undef X

// Enumerators: our name, theirs, value.
#define MJ_ORT_ELEMENT_TYPES(X)                             \
  X(kUndefined, ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED, 0) \
  X(kFloat32, ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT, 1)       \
  X(kUint8, ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8, 2)         \
  X(kInt8, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8, 3)           \
  X(kUint16, ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT16, 4)       \
  X(kInt16, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT16, 5)         \
  X(kInt32, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32, 6)         \
  X(kInt64, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64, 7)         \
  X(kString, ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING, 8)       \
  X(kBool, ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL, 9)           \
  X(kFloat16, ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16, 10)    \
  X(kFloat64, ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE, 11)     \
  X(kUint32, ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT32, 12)      \
  X(kUint64, ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT64, 13)      \
  X(kUint4, ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT4, 21)        \
  X(kInt4, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT4, 22)

#define MJ_ORT_ERROR_CODES(X)                    \
  X(kFail, ORT_FAIL, 1)                          \
  X(kInvalidArgument, ORT_INVALID_ARGUMENT, 2)   \
  X(kNoSuchFile, ORT_NO_SUCHFILE, 3)             \
  X(kRuntimeException, ORT_RUNTIME_EXCEPTION, 6) \
  X(kInvalidProtobuf, ORT_INVALID_PROTOBUF, 7)   \
  X(kNotImplemented, ORT_NOT_IMPLEMENTED, 9)     \
  X(kInvalidGraph, ORT_INVALID_GRAPH, 10)        \
  X(kEpFail, ORT_EP_FAIL, 11)

#define MJ_ORT_OTHER_ENUMERATORS(X)                                    \
  X(LoggingLevel, kLogWarning, ORT_LOGGING_LEVEL_WARNING, 2)           \
  X(LoggingLevel, kLogFatal, ORT_LOGGING_LEVEL_FATAL, 4)               \
  X(GraphOptimizationLevel, kOptimizeNone, ORT_DISABLE_ALL, 0)         \
  X(GraphOptimizationLevel, kOptimizeBasic, ORT_ENABLE_BASIC, 1)       \
  X(GraphOptimizationLevel, kOptimizeExtended, ORT_ENABLE_EXTENDED, 2) \
  X(GraphOptimizationLevel, kOptimizeLayout, ORT_ENABLE_LAYOUT, 3)     \
  X(GraphOptimizationLevel, kOptimizeAll, ORT_ENABLE_ALL, 99)          \
  X(ExecutionMode, kSequential, ORT_SEQUENTIAL, 0)                     \
  X(ExecutionMode, kParallel, ORT_PARALLEL, 1)                         \
  X(AllocatorType, kDeviceAllocator, OrtDeviceAllocator, 0)            \
  X(HardwareDeviceType, kGpuDevice, OrtHardwareDeviceType_GPU, 1)      \
  X(MemType, kMemTypeCpuOutput, OrtMemTypeCPUOutput, -1)               \
  X(MemType, kMemTypeDefault, OrtMemTypeDefault, 0)

#define X(ours, theirs, value) constexpr ElementType ours = static_cast<ElementType>(value);
MJ_ORT_ELEMENT_TYPES(X)
#undef X

namespace error {
#define X(ours, theirs, value) constexpr ErrorCode ours = static_cast<ErrorCode>(value);
MJ_ORT_ERROR_CODES(X)
#undef X
}  // namespace error

#define X(type, ours, theirs, value) constexpr type ours = static_cast<type>(value);
MJ_ORT_OTHER_ENUMERATORS(X)
#undef X

// Slot in the table of GetApi, name, signature. All of them are there from API 18 on.
// clang-format off
#define MJ_ORT_SLOTS(X)                                                                                              \
  X(1, GetErrorCode, ErrorCode(const Status*) noexcept)                                                              \
  X(2, GetErrorMessage, const char*(const Status*) noexcept)                                                         \
  X(3, CreateEnv, Status*(LoggingLevel, const char*, Env**) noexcept)                                                \
  X(7, CreateSession, Status*(const Env*, const char*, const SessionOptions*, Session**) noexcept)                   \
  X(8, CreateSessionFromArray,                                                                                       \
    Status*(const Env*, const void*, size_t, const SessionOptions*, Session**) noexcept)                             \
  X(9, Run, Status*(Session*, const RunOptions*, const char* const*, const Value* const*, size_t,                    \
                    const char* const*, size_t, Value**) noexcept)                                                   \
  X(10, CreateSessionOptions, Status*(SessionOptions**) noexcept)                                                    \
  X(11, SetOptimizedModelFilePath, Status*(SessionOptions*, const char*) noexcept)                                   \
  X(13, SetSessionExecutionMode, Status*(SessionOptions*, ExecutionMode) noexcept)                                   \
  X(14, EnableProfiling, Status*(SessionOptions*, const char*) noexcept)                                             \
  X(17, DisableMemPattern, Status*(SessionOptions*) noexcept)                                                        \
  X(19, DisableCpuMemArena, Status*(SessionOptions*) noexcept)                                                       \
  X(20, SetSessionLogId, Status*(SessionOptions*, const char*) noexcept)                                             \
  X(21, SetSessionLogVerbosityLevel, Status*(SessionOptions*, int) noexcept)                                         \
  X(22, SetSessionLogSeverityLevel, Status*(SessionOptions*, int) noexcept)                                          \
  X(23, SetSessionGraphOptimizationLevel, Status*(SessionOptions*, GraphOptimizationLevel) noexcept)                 \
  X(24, SetIntraOpNumThreads, Status*(SessionOptions*, int) noexcept)                                                \
  X(25, SetInterOpNumThreads, Status*(SessionOptions*, int) noexcept)                                                \
  X(30, SessionGetInputCount, Status*(const Session*, size_t*) noexcept)                                             \
  X(31, SessionGetOutputCount, Status*(const Session*, size_t*) noexcept)                                            \
  X(33, SessionGetInputTypeInfo, Status*(const Session*, size_t, TypeInfo**) noexcept)                               \
  X(34, SessionGetOutputTypeInfo, Status*(const Session*, size_t, TypeInfo**) noexcept)                              \
  X(36, SessionGetInputName, Status*(const Session*, size_t, Allocator*, char**) noexcept)                           \
  X(37, SessionGetOutputName, Status*(const Session*, size_t, Allocator*, char**) noexcept)                          \
  X(39, CreateRunOptions, Status*(RunOptions**) noexcept)                                                            \
  X(40, RunOptionsSetRunLogVerbosityLevel, Status*(RunOptions*, int) noexcept)                                       \
  X(41, RunOptionsSetRunLogSeverityLevel, Status*(RunOptions*, int) noexcept)                                        \
  X(42, RunOptionsSetRunTag, Status*(RunOptions*, const char*) noexcept)                                             \
  X(46, RunOptionsSetTerminate, Status*(RunOptions*) noexcept)                                                       \
  X(47, RunOptionsUnsetTerminate, Status*(RunOptions*) noexcept)                                                     \
  X(48, CreateTensorAsOrtValue, Status*(Allocator*, const int64_t*, size_t, ElementType, Value**) noexcept)          \
  X(49, CreateTensorWithDataAsOrtValue,                                                                              \
    Status*(const MemoryInfo*, void*, size_t, const int64_t*, size_t, ElementType, Value**) noexcept)                \
  X(51, GetTensorMutableData, Status*(Value*, void**) noexcept)                                                      \
  X(52, FillStringTensor, Status*(Value*, const char* const*, size_t) noexcept)                                      \
  X(53, GetStringTensorDataLength, Status*(const Value*, size_t*) noexcept)                                          \
  X(54, GetStringTensorContent, Status*(const Value*, void*, size_t, size_t*, size_t) noexcept)                      \
  X(55, CastTypeInfoToTensorInfo, Status*(const TypeInfo*, const TensorInfo**) noexcept)                             \
  X(60, GetTensorElementType, Status*(const TensorInfo*, ElementType*) noexcept)                                     \
  X(61, GetDimensionsCount, Status*(const TensorInfo*, size_t*) noexcept)                                            \
  X(62, GetDimensions, Status*(const TensorInfo*, int64_t*, size_t) noexcept)                                        \
  X(63, GetSymbolicDimensions, Status*(const TensorInfo*, const char**, size_t) noexcept)                            \
  X(65, GetTensorTypeAndShape, Status*(const Value*, TensorInfo**) noexcept)                                         \
  X(68, CreateMemoryInfo, Status*(const char*, AllocatorType, int, MemType, MemoryInfo**) noexcept)                    \
  X(69, CreateCpuMemoryInfo, Status*(AllocatorType, MemType, MemoryInfo**) noexcept)                                 \
  X(76, AllocatorFree, Status*(Allocator*, void*) noexcept)                                                          \
  X(78, GetAllocatorWithDefaultOptions, Status*(Allocator**) noexcept)                                               \
  X(93, ReleaseStatus, void(Status*))                                                                                \
  X(94, ReleaseMemoryInfo, void(MemoryInfo*))                                                                          \
  X(95, ReleaseSession, void(Session*))                                                                              \
  X(96, ReleaseValue, void(Value*))                                                                                  \
  X(97, ReleaseRunOptions, void(RunOptions*))                                                                        \
  X(98, ReleaseTypeInfo, void(TypeInfo*))                                                                            \
  X(99, ReleaseTensorTypeAndShapeInfo, void(TensorInfo*))                                                            \
  X(100, ReleaseSessionOptions, void(SessionOptions*))                                                               \
  X(110, SessionEndProfiling, Status*(Session*, Allocator*, char**) noexcept)                                        \
  X(124, AddFreeDimensionOverrideByName, Status*(SessionOptions*, const char*, int64_t) noexcept)                    \
  X(125, GetAvailableProviders, Status*(char***, int*) noexcept)                                                     \
  X(126, ReleaseAvailableProviders, Status*(char**, int) noexcept)                                                   \
  X(130, AddSessionConfigEntry, Status*(SessionOptions*, const char*, const char*) noexcept)                         \
  X(131, CreateAllocator, Status*(const Session*, const MemoryInfo*, Allocator**) noexcept)                          \
  X(132, ReleaseAllocator, void(Allocator*))                                                                         \
  X(133, RunWithBinding, Status*(Session*, const RunOptions*, const IoBinding*) noexcept)                              \
  X(134, CreateIoBinding, Status*(Session*, IoBinding**) noexcept)                                                     \
  X(135, ReleaseIoBinding, void(IoBinding*))                                                                           \
  X(136, BindInput, Status*(IoBinding*, const char*, const Value*) noexcept)                                           \
  X(137, BindOutput, Status*(IoBinding*, const char*, const Value*) noexcept)                                          \
  X(138, BindOutputToDevice, Status*(IoBinding*, const char*, const MemoryInfo*) noexcept)                             \
  X(140, GetBoundOutputValues, Status*(const IoBinding*, Allocator*, Value***, size_t*) noexcept)                      \
  X(142, ClearBoundOutputs, void(IoBinding*) noexcept)                                                                 \
  X(165, AddRunConfigEntry, Status*(RunOptions*, const char*, const char*) noexcept)                                 \
  X(170, SessionOptionsAppendExecutionProvider_TensorRT_V2,                                                          \
    Status*(SessionOptions*, const TensorRtOptions*) noexcept)                                                       \
  X(171, CreateTensorRTProviderOptions, Status*(TensorRtOptions**) noexcept)                                         \
  X(172, UpdateTensorRTProviderOptions,                                                                              \
    Status*(TensorRtOptions*, const char* const*, const char* const*, size_t) noexcept)                              \
  X(174, ReleaseTensorRTProviderOptions, void(TensorRtOptions*))                                                     \
  X(202, SynchronizeBoundInputs, Status*(IoBinding*) noexcept)                                                         \
  X(203, SynchronizeBoundOutputs, Status*(IoBinding*) noexcept)                                                        \
  X(204, SessionOptionsAppendExecutionProvider_CUDA_V2, Status*(SessionOptions*, const CudaOptions*) noexcept)       \
  X(205, CreateCUDAProviderOptions, Status*(CudaOptions**) noexcept)                                                 \
  X(206, UpdateCUDAProviderOptions,                                                                                  \
    Status*(CudaOptions*, const char* const*, const char* const*, size_t) noexcept)                                  \
  X(208, ReleaseCUDAProviderOptions, void(CudaOptions*))                                                             \
  X(216, SessionOptionsAppendExecutionProvider,                                                                      \
    Status*(SessionOptions*, const char*, const char* const*, const char* const*, size_t) noexcept)                  \
  X(279, AddExternalInitializersFromFilesInMemory,                                                                   \
    Status*(SessionOptions*, const char* const*, char* const*, const size_t*, size_t) noexcept)

// Slots that came later: null where the release is older.
#define MJ_ORT_PLUGIN_SLOTS(X)                                                                                       \
  X(297, GetKeyValue, const char*(const KeyValues*, const char*))                                                    \
  X(301, RegisterExecutionProviderLibrary, Status*(Env*, const char*, const char*) noexcept)                         \
  X(303, GetEpDevices, Status*(const Env*, const EpDevice* const**, size_t*) noexcept)                               \
  X(304, SessionOptionsAppendExecutionProvider_V2,                                                                   \
    Status*(SessionOptions*, Env*, const EpDevice* const*, size_t, const char* const*, const char* const*,           \
            size_t) noexcept)                                                                                        \
  X(307, HardwareDevice_Type, HardwareDeviceType(const HardwareDevice*))                                             \
  X(311, HardwareDevice_Metadata, const KeyValues*(const HardwareDevice*))                                           \
  X(312, EpDevice_EpName, const char*(const EpDevice*))                                                              \
  X(316, EpDevice_Device, const HardwareDevice*(const EpDevice*))
#define MJ_ORT_PLACEMENT_SLOTS(X)                                                                                    \
  X(407, Session_GetEpGraphAssignmentInfo, Status*(const Session*, const EpSubgraph* const**, size_t*) noexcept)     \
  X(408, EpAssignedSubgraph_GetEpName, Status*(const EpSubgraph*, const char**) noexcept)                            \
  X(409, EpAssignedSubgraph_GetNodes, Status*(const EpSubgraph*, const EpNode* const**, size_t*) noexcept)           \
  X(410, EpAssignedNode_GetName, Status*(const EpNode*, const char**) noexcept)                                      \
  X(412, EpAssignedNode_GetOperatorType, Status*(const EpNode*, const char**) noexcept)
// clang-format on

constexpr uint32_t kApiVersion = 18;
constexpr uint32_t kPluginApiVersion = 22;
constexpr uint32_t kPlacementApiVersion = 24;

// What OrtGetApiBase returns.
struct ApiBase {
  const void* (*GetApi)(uint32_t version) noexcept;
  const char* (*GetVersionString)() noexcept;
};

struct Api {
#define X(slot, name, ...) std::add_pointer_t<__VA_ARGS__> name = nullptr;
  MJ_ORT_SLOTS(X)
  MJ_ORT_PLUGIN_SLOTS(X)
  MJ_ORT_PLACEMENT_SLOTS(X)
#undef X
};

}  // namespace mj::ort::abi
