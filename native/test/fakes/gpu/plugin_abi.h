#pragma once

// The part of ONNX Runtime's interface for providers in libraries of their own that the stand-in has to fill in.
// native/test/ort_abi_check.cc holds it against the real header.
#include "ort/ort_abi.h"

namespace mj::ort::abi {

constexpr size_t kGetEpApiSlot = 317;
// In the table that it gives.
constexpr size_t kCreateEpDeviceSlot = 0;

struct EpFactory {
  uint32_t ort_version_supported;
  const char* (*GetName)(const EpFactory*) noexcept;
  const char* (*GetVendor)(const EpFactory*) noexcept;
  Status* (*GetSupportedDevices)(EpFactory*, const HardwareDevice* const*, size_t, EpDevice**, size_t,
                                 size_t*) noexcept;
  Status* (*CreateEp)(EpFactory*, const HardwareDevice* const*, const KeyValues* const*, size_t, const SessionOptions*,
                      const void* logger, struct Ep**) noexcept;
  void (*ReleaseEp)(EpFactory*, Ep*) noexcept;
  uint32_t (*GetVendorId)(const EpFactory*) noexcept;
  const char* (*GetVersion)(const EpFactory*) noexcept;
  const void* compatibility;
  const void* allocators[2];
  Status* (*CreateDataTransfer)(EpFactory*, void** transfer) noexcept;  // called whatever the version above
  bool (*IsStreamAware)(const EpFactory*) noexcept;
  const void* later[16];
};

struct Ep {
  uint32_t ort_version_supported;
  const char* (*GetName)(const Ep*) noexcept;
  Status* (*GetCapability)(Ep*, const void* graph, void* support) noexcept;
  Status* (*Compile)(Ep*, const void** graphs, const void** nodes, size_t, void** infos, void** contexts) noexcept;
  void (*ReleaseNodeComputeInfos)(Ep*, void** infos, size_t) noexcept;
  const void* later[30];
};

using CreateEpDevice = Status*(EpFactory*, const HardwareDevice*, const KeyValues* metadata, const KeyValues* options,
                               EpDevice**) noexcept;

}  // namespace mj::ort::abi
