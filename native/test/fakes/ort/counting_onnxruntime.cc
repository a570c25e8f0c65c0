// An ONNX Runtime that is the real one (MJ_REAL_ONNXRUNTIME) with a count of calls on every slot that we use.
#include <dlfcn.h>

#include <array>
#include <cstdio>
#include <cstdlib>

#include "ort/ort_abi.h"

namespace {

using namespace mj::ort::abi;  // the slots' signatures name their types without it

constexpr size_t kTableSlots = 420;
struct Slot {
  int number;
  const char* name;
};
constexpr Slot kSlots[] = {
#define X(slot, name, ...) {slot, #name},
    MJ_ORT_SLOTS(X) MJ_ORT_PLUGIN_SLOTS(X) MJ_ORT_PLACEMENT_SLOTS(X)
#undef X
};

std::array<unsigned, kTableSlots> g_calls{};
std::array<const void*, kTableSlots> g_table{};
const void* const* g_real = nullptr;

// One function of the table's signature for each slot.
template <int kSlot, typename Signature>
struct Counted;
template <int kSlot, typename R, typename... A>
struct Counted<kSlot, R(A...) noexcept> {
  static R call(A... arguments) noexcept {
    ++g_calls[kSlot];
    return reinterpret_cast<R (*)(A...) noexcept>(const_cast<void*>(g_real[kSlot]))(arguments...);
  }
};
template <int kSlot, typename R, typename... A>
struct Counted<kSlot, R(A...)> {
  static R call(A... arguments) {
    ++g_calls[kSlot];
    return reinterpret_cast<R (*)(A...)>(const_cast<void*>(g_real[kSlot]))(arguments...);
  }
};

const ApiBase* real_base() {
  static const ApiBase* base = [] {
    void* library = dlopen(MJ_REAL_ONNXRUNTIME, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
      std::fprintf(stderr, "%s\n", dlerror());
      std::abort();
    }
    return reinterpret_cast<const ApiBase* (*)()>(dlsym(library, "OrtGetApiBase"))();
  }();
  return base;
}

const void* get_api(uint32_t version) noexcept {
  g_real = static_cast<const void* const*>(real_base()->GetApi(version));
#define X(slot, name, ...) g_table[slot] = reinterpret_cast<const void*>(&Counted<slot, __VA_ARGS__>::call);
  MJ_ORT_SLOTS(X)
  MJ_ORT_PLUGIN_SLOTS(X)
  MJ_ORT_PLACEMENT_SLOTS(X)
#undef X
  return static_cast<const void*>(g_table.data());
}

const char* version_string() noexcept { return real_base()->GetVersionString(); }

const ApiBase kBase{get_api, version_string};

}  // namespace

extern "C" __attribute__((visibility("default"))) const mj::ort::abi::ApiBase* OrtGetApiBase() { return &kBase; }

// Name of the index-th slot without a call so far; null where there are no more.
extern "C" __attribute__((visibility("default"))) const char* mj_uncalled_slot(int index) {
  for (const Slot& slot : kSlots) {
    if (g_calls[static_cast<size_t>(slot.number)] == 0 && index-- == 0) return slot.name;
  }
  return nullptr;
}
