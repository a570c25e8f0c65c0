// Compiled, never run: every slot, signature and enumerator of ort/ort_abi.h against the real header, whose path is
// MJ_ORT_REAL_HEADER. tools/check-ort-abi.mjs fetches the header and records what was checked.
#include "ort/ort_abi.h"

#include "test/fakes/gpu/plugin_abi.h"

namespace mj::ort::abi {
namespace {

template <typename Theirs, typename Ours>
constexpr bool kSame = std::is_same_v<Theirs, Ours>;

#define X(slot, name, ...)                                                                        \
  static_assert(offsetof(::OrtApi, name) == (slot) * sizeof(void*), #name " is at another slot"); \
  static_assert(kSame<decltype(::OrtApi::name), std::add_pointer_t<__VA_ARGS__>>, #name " has another type");
MJ_ORT_SLOTS(X)
MJ_ORT_PLUGIN_SLOTS(X)
MJ_ORT_PLACEMENT_SLOTS(X)
#undef X

#define X(ours, theirs, type) static_assert(kSame<std::underlying_type_t<::theirs>, type>, #theirs " has another size");
MJ_ORT_ENUM_TYPES(X)
#undef X

#define X(ours, theirs, value) static_assert((theirs) == (value), #theirs " has another value");
MJ_ORT_ELEMENT_TYPES(X)
MJ_ORT_ERROR_CODES(X)
#undef X
#define X(type, ours, theirs, value) static_assert((theirs) == (value), #theirs " has another value");
MJ_ORT_OTHER_ENUMERATORS(X)
#undef X

// The stand-in for a plugin.
#define MJ_SAME_PLACE(theirs, ours, name) static_assert(offsetof(::theirs, name) == offsetof(ours, name))
MJ_SAME_PLACE(OrtEpFactory, EpFactory, GetName);
MJ_SAME_PLACE(OrtEpFactory, EpFactory, GetVendor);
MJ_SAME_PLACE(OrtEpFactory, EpFactory, GetSupportedDevices);
MJ_SAME_PLACE(OrtEpFactory, EpFactory, CreateEp);
MJ_SAME_PLACE(OrtEpFactory, EpFactory, ReleaseEp);
MJ_SAME_PLACE(OrtEpFactory, EpFactory, GetVendorId);
MJ_SAME_PLACE(OrtEpFactory, EpFactory, GetVersion);
MJ_SAME_PLACE(OrtEpFactory, EpFactory, CreateDataTransfer);
MJ_SAME_PLACE(OrtEpFactory, EpFactory, IsStreamAware);
MJ_SAME_PLACE(OrtEp, Ep, GetName);
MJ_SAME_PLACE(OrtEp, Ep, GetCapability);
MJ_SAME_PLACE(OrtEp, Ep, Compile);
MJ_SAME_PLACE(OrtEp, Ep, ReleaseNodeComputeInfos);
#undef MJ_SAME_PLACE
static_assert(offsetof(::OrtApi, GetEpApi) == kGetEpApiSlot * sizeof(void*));
static_assert(offsetof(::OrtEpApi, CreateEpDevice) == kCreateEpDeviceSlot * sizeof(void*));

static_assert(offsetof(::OrtApiBase, GetApi) == offsetof(ApiBase, GetApi));
static_assert(offsetof(::OrtApiBase, GetVersionString) == offsetof(ApiBase, GetVersionString));
static_assert(ORT_API_VERSION >= kPlacementApiVersion, "the header is older than the API that is asked for");

}  // namespace
}  // namespace mj::ort::abi
