// An ONNX Runtime that is the real one (MJ_REAL_ONNXRUNTIME) but for its GPU providers: their libraries are loaded as
// it loads them, from its own folder, and are then asked for a yes. The models run on the CPU.
#include <dlfcn.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <string>

#include "ort/ort_abi.h"

namespace {

using namespace mj::ort::abi;  // the slots' signatures name their types without it

constexpr size_t kTableSlots = 420;
std::array<const void*, kTableSlots> g_table{};
const void* const* g_real = nullptr;

template <typename F>
F* real(size_t slot) {
  return reinterpret_cast<F*>(const_cast<void*>(g_real[slot]));
}

Status* failure(const std::string& text) { return real<Status*(int, const char*)>(0)(1, text.c_str()); }

std::string own_folder() {
  Dl_info info{};
  dladdr(reinterpret_cast<const void*>(&own_folder), &info);
  const std::string path = info.dli_fname;
  return path.substr(0, path.rfind('/'));
}

// Of the provider that was taken last: all nodes are said to be its own.
const char* g_provider = nullptr;

Status* load_provider(const char* file, const char* name) {
  void* library = dlopen((own_folder() + "/" + file).c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return failure(dlerror());
  const auto ready = reinterpret_cast<const char* (*)()>(dlsym(library, "mj_provider_ready"));
  if (ready == nullptr) return failure(std::string(file) + " is of another release");
  if (const char* refusal = ready()) return failure(refusal);
  g_provider = name;
  return nullptr;
}

Status* append_cuda(SessionOptions*, const CudaOptions*) noexcept {
  return load_provider("libonnxruntime_providers_cuda.so", "CUDAExecutionProvider");
}
Status* append_tensorrt(SessionOptions*, const TensorRtOptions*) noexcept {
  return load_provider("libonnxruntime_providers_tensorrt.so", "TensorrtExecutionProvider");
}

// Nothing stands behind these two.
char g_options = 0;
template <typename T>
Status* create_options(T** out) noexcept {
  *out = reinterpret_cast<T*>(&g_options);
  return nullptr;
}
template <typename T>
Status* update_options(T*, const char* const*, const char* const*, size_t) noexcept {
  return nullptr;
}
template <typename T>
void release_options(T*) {}

// Every node stays on the CPU, which a strict session would refuse.
Status* add_config(SessionOptions* options, const char* key, const char* value) noexcept {
  if (std::strcmp(key, "session.disable_cpu_ep_fallback") == 0) return nullptr;
  return real<Status*(SessionOptions*, const char*, const char*)>(130)(options, key, value);
}

// Memory of the device is the host's, as in the fake driver.
Status* create_memory_info(const char* name, AllocatorType type, int, MemType, MemoryInfo** out) noexcept {
  return real<Status*(const char*, AllocatorType, int, MemType, MemoryInfo**)>(68)(
      std::strncmp(name, "Cuda", 4) == 0 ? "Cpu" : name, type, 0, kMemTypeDefault, out);
}

Status* provider_of(const EpSubgraph* subgraph, const char** out) noexcept {
  if (g_provider == nullptr) return real<Status*(const EpSubgraph*, const char**)>(408)(subgraph, out);
  *out = g_provider;
  return nullptr;
}

const ApiBase* real_base() {
  static const ApiBase* base = [] {
    void* library = dlopen(MJ_REAL_ONNXRUNTIME, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) std::abort();
    return reinterpret_cast<const ApiBase* (*)()>(dlsym(library, "OrtGetApiBase"))();
  }();
  return base;
}

template <typename F>
void replace(size_t slot, F* function) {
  g_table[slot] = reinterpret_cast<const void*>(function);
}

const void* get_api(uint32_t version) noexcept {
  g_real = static_cast<const void* const*>(real_base()->GetApi(version));
#define X(slot, name, ...) g_table[slot] = g_real[slot];
  MJ_ORT_SLOTS(X)
  MJ_ORT_PLACEMENT_SLOTS(X)
#undef X
  replace(68, &create_memory_info);
  replace(130, &add_config);
  replace(170, &append_tensorrt);
  replace(171, &create_options<TensorRtOptions>);
  replace(172, &update_options<TensorRtOptions>);
  replace(174, &release_options<TensorRtOptions>);
  replace(204, &append_cuda);
  replace(205, &create_options<CudaOptions>);
  replace(206, &update_options<CudaOptions>);
  replace(208, &release_options<CudaOptions>);
  replace(408, &provider_of);
  return static_cast<const void*>(g_table.data());
}

const char* version_string() noexcept { return real_base()->GetVersionString(); }

const ApiBase kBase{get_api, version_string};

}  // namespace

extern "C" __attribute__((visibility("default"))) const ApiBase* OrtGetApiBase() { return &kBase; }
