// A provider that registers itself, as NVIDIA's for RTX does: it offers MJ_DEVICES of the processor's (0 or 1) as its
// own, and takes no node.
#include <array>
#include <cstdlib>
#include <cstring>
#include <new>

#include "test/fakes/gpu/plugin_abi.h"

extern "C" int MJ_NEEDS();

namespace {

using namespace mj::ort::abi;

constexpr uint32_t kVersion = 23;
constexpr const char* kName = "NvTensorRTRTXExecutionProvider";
const void* const* g_api = nullptr;

struct NoNodes : Ep {
  NoNodes() : Ep{} {
    ort_version_supported = kVersion;
    GetName = [](const Ep*) noexcept { return kName; };
    GetCapability = [](Ep*, const void*, void*) noexcept -> Status* { return nullptr; };
  }
};

Status* supported(EpFactory* factory, const HardwareDevice* const* devices, size_t count, EpDevice** out, size_t most,
                  size_t* made) noexcept {
  *made = 0;
  if (MJ_DEVICES == 0 || count == 0 || most == 0) return nullptr;
  using GetEpApi = const void* const*() noexcept;
  auto* get = reinterpret_cast<GetEpApi*>(const_cast<void*>(g_api[kGetEpApiSlot]));
  auto* create = reinterpret_cast<CreateEpDevice*>(const_cast<void*>(get()[kCreateEpDeviceSlot]));
  *made = 1;
  return create(factory, devices[0], nullptr, nullptr, out);
}

Status* make(EpFactory*, const HardwareDevice* const*, const KeyValues* const*, size_t, const SessionOptions*,
             const void*, Ep** out) noexcept {
  *out = new (std::nothrow) NoNodes();
  return nullptr;
}

EpFactory g_factory{kVersion,
                    [](const EpFactory*) noexcept { return kName; },
                    [](const EpFactory*) noexcept { return "stand-in"; },
                    supported,
                    make,
                    [](EpFactory*, Ep* ep) noexcept { delete static_cast<NoNodes*>(ep); },
                    [](const EpFactory*) noexcept -> uint32_t { return 0; },
                    [](const EpFactory*) noexcept { return "0.1.0"; },
                    nullptr,
                    {},
                    [](EpFactory*, void** transfer) noexcept -> Status* {
                      *transfer = nullptr;
                      return nullptr;
                    },
                    [](const EpFactory*) noexcept { return false; },
                    {}};

}  // namespace

extern "C" __attribute__((visibility("default"))) Status* CreateEpFactories(const char*, const ApiBase* base,
                                                                            const void*, EpFactory** factories,
                                                                            size_t most, size_t* count) {
  MJ_NEEDS();
  g_api = static_cast<const void* const*>(base->GetApi(kVersion));
  *count = most == 0 ? 0 : 1;
  if (most > 0) factories[0] = &g_factory;
  return nullptr;
}

extern "C" __attribute__((visibility("default"))) Status* ReleaseEpFactory(EpFactory*) { return nullptr; }
