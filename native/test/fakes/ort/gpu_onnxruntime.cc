// An ONNX Runtime that is the real one (MJ_REAL_ONNXRUNTIME) but for its GPU providers: their libraries are loaded as
// it loads them, from its own folder, and are then asked for a yes. The models run on the CPU, whose memory stands for
// the device's too, with the faults of faults.h. TensorRT's engines are those of fake_engine.h.
#include <dlfcn.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <set>
#include <string>

#include "fake_engine.h"
#include "ort/faults.h"
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

// Sessions on the device, and the options of one that is being made.
const SessionOptions* g_device_options = nullptr;
std::mutex g_mutex;
auto* g_on_device = new std::set<const Session*>();

bool on_device(const Session* session) {
  const std::lock_guard<std::mutex> lock(g_mutex);
  return g_on_device->count(session) > 0;
}

Status* append_cuda(SessionOptions* options, const CudaOptions*) noexcept {
  g_device_options = options;
  return load_provider("libonnxruntime_providers_cuda.so", "CUDAExecutionProvider");
}

// Settings of TensorRT: those that were given, those of session options, and the engines of sessions.
std::map<const SessionOptions*, mj::EngineSettings> g_settings;
std::map<const Session*, std::shared_ptr<mj::FakeEngine>> g_engines;

const mj::EngineSettings& settings_of(const TensorRtOptions* options) {
  return *reinterpret_cast<const mj::EngineSettings*>(options);
}

Status* create_tensorrt_options(TensorRtOptions** out) noexcept {
  *out = reinterpret_cast<TensorRtOptions*>(new (std::nothrow) mj::EngineSettings());
  return nullptr;
}

Status* update_tensorrt_options(TensorRtOptions* options, const char* const* keys, const char* const* values,
                                size_t count) noexcept {
  auto& settings = *reinterpret_cast<mj::EngineSettings*>(options);
  for (size_t i = 0; i < count; ++i) settings[keys[i]] = values[i];
  return nullptr;
}

void release_tensorrt_options(TensorRtOptions* options) { delete reinterpret_cast<mj::EngineSettings*>(options); }

Status* append_tensorrt(SessionOptions* target, const TensorRtOptions* options) noexcept {
  g_device_options = target;
  {
    const std::lock_guard<std::mutex> lock(g_mutex);
    g_settings[target] = settings_of(options);
  }
  return load_provider("libonnxruntime_providers_tensorrt.so", "TensorrtExecutionProvider");
}

// As TensorRT's: where shapes are fixed when the session is made, else in the first run.
Status* with_engine(Status* status, const SessionOptions* options, Session* const* session) noexcept {
  if (status != nullptr) return status;
  const std::lock_guard<std::mutex> lock(g_mutex);
  const auto found = g_settings.find(options);
  if (found == g_settings.end()) return nullptr;
  auto engine = std::make_shared<mj::FakeEngine>(found->second);
  if (const std::string failed = engine->at_creation(); !failed.empty()) return failure(failed);
  g_engines[*session] = engine;
  return nullptr;
}

void release_session_options(SessionOptions* options) {
  {
    const std::lock_guard<std::mutex> lock(g_mutex);
    g_settings.erase(options);
  }
  real<void(SessionOptions*)>(100)(options);
}

// Nothing stands behind CUDA's.
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

// Reads what the caller has lent after the time that it takes, as a device does.
volatile unsigned char g_seen = 0;
void read_all(const Value* value) {
  TensorInfo* info = nullptr;
  size_t count = 0;
  void* data = nullptr;
  auto* tensor = const_cast<Value*>(value);
  real<Status*(const Value*, TensorInfo**)>(65)(value, &info);
  real<Status*(const TensorInfo*, size_t*)>(64)(info, &count);
  real<void(TensorInfo*)>(99)(info);
  real<Status*(Value*, void**)>(51)(tensor, &data);
  // Every element has a byte at least.
  for (size_t i = 0; i < count; i += 512) g_seen = g_seen + static_cast<unsigned char*>(data)[i];
}

void spend(long ms) {
  const timespec time{ms / 1000, ms % 1000 * 1'000'000};
  if (ms > 0) nanosleep(&time, nullptr);
}

void run_engine(const Session* session) {
  std::shared_ptr<mj::FakeEngine> engine;
  {
    const std::lock_guard<std::mutex> lock(g_mutex);
    if (const auto found = g_engines.find(session); found != g_engines.end()) engine = found->second;
  }
  if (engine != nullptr) engine->at_run();
}

Status* run_fault(const Session* session, const Value* const* inputs, size_t count) {
  if (!on_device(session)) return nullptr;
  const mj::fake::Fault fault = mj::fake::next_fault(mj::fake::Call::kRun);
  spend(fault.slow_ms);
  for (size_t i = 0; i < count; ++i) read_all(inputs[i]);
  return fault.failure.empty() ? nullptr : failure(fault.failure);
}

// Page-locked memory: what stands for it, its allocators, tensors in it, and bindings with an output there. 1.29 fails
// in runs that are to write there.
constexpr char kOntoItself[] =
    "gpu_data_transfer.cc:104 GPUDataTransfer::CopyTensorAsync dst_data != src_data was false.";
std::set<const void*> g_pinned;

bool pinned(const void* what) {
  const std::lock_guard<std::mutex> lock(g_mutex);
  return g_pinned.count(what) > 0;
}

void set_pinned(const void* what, bool is) {
  const std::lock_guard<std::mutex> lock(g_mutex);
  if (is) {
    g_pinned.insert(what);
  } else {
    g_pinned.erase(what);
  }
}

Status* run(Session* session, const RunOptions* options, const char* const* input_names, const Value* const* inputs,
            size_t input_count, const char* const* output_names, size_t output_count, Value** outputs) noexcept {
  if (Status* fault = run_fault(session, inputs, input_count)) return fault;
  for (size_t i = 0; i < output_count; ++i) {
    if (pinned(outputs[i])) return failure(kOntoItself);
  }
  run_engine(session);
  return real<Status*(Session*, const RunOptions*, const char* const*, const Value* const*, size_t, const char* const*,
                      size_t, Value**)>(9)(session, options, input_names, inputs, input_count, output_names,
                                           output_count, outputs);
}

Status* run_with_binding(Session* session, const RunOptions* options, const IoBinding* binding) noexcept {
  if (Status* fault = run_fault(session, nullptr, 0)) return fault;
  if (pinned(binding)) return failure(kOntoItself);
  return real<Status*(Session*, const RunOptions*, const IoBinding*)>(133)(session, options, binding);
}

// The processor's sessions go on where the device is lost.
template <typename Make>
Status* create_with(const SessionOptions* options, Session** out, Make make) {
  if (options != g_device_options) return make();
  const mj::fake::Fault fault = mj::fake::next_fault(mj::fake::Call::kCreate);
  spend(fault.slow_ms);
  if (!fault.failure.empty()) return failure(fault.failure);
  if (Status* status = with_engine(make(), options, out)) return status;
  const std::lock_guard<std::mutex> lock(g_mutex);
  g_on_device->insert(*out);
  return nullptr;
}

Status* create(const Env* env, const char* path, const SessionOptions* options, Session** out) noexcept {
  return create_with(options, out, [&] {
    return real<Status*(const Env*, const char*, const SessionOptions*, Session**)>(7)(env, path, options, out);
  });
}

Status* create_from_array(const Env* env, const void* bytes, size_t size, const SessionOptions* options,
                          Session** out) noexcept {
  return create_with(options, out, [&] {
    return real<Status*(const Env*, const void*, size_t, const SessionOptions*, Session**)>(8)(env, bytes, size,
                                                                                               options, out);
  });
}

void release_session(Session* session) {
  if (on_device(session) && mj::fake::device_lost()) std::abort();
  {
    const std::lock_guard<std::mutex> lock(g_mutex);
    g_on_device->erase(session);
    g_engines.erase(session);
  }
  real<void(Session*)>(95)(session);
}

Status* create_tensor(Allocator* allocator, const int64_t* shape, size_t rank, ElementType type, Value** out) noexcept {
  const mj::fake::Fault fault = mj::fake::next_fault(mj::fake::Call::kTensor);
  if (!fault.failure.empty()) return failure(fault.failure);
  Status* status =
      real<Status*(Allocator*, const int64_t*, size_t, ElementType, Value**)>(48)(allocator, shape, rank, type, out);
  if (status == nullptr) set_pinned(*out, pinned(allocator));
  return status;
}

Status* create_memory_info(const char* name, AllocatorType type, int, MemType, MemoryInfo** out) noexcept {
  Status* status =
      real<Status*(const char*, AllocatorType, int, MemType, MemoryInfo**)>(68)("Cpu", type, 0, kMemTypeDefault, out);
  if (status == nullptr) set_pinned(*out, std::strcmp(name, "CudaPinned") == 0);
  return status;
}

Status* create_allocator(const Session* session, const MemoryInfo* info, Allocator** out) noexcept {
  Status* status = real<Status*(const Session*, const MemoryInfo*, Allocator**)>(131)(session, info, out);
  if (status == nullptr) set_pinned(*out, pinned(info));
  return status;
}

Status* bind_output(IoBinding* binding, const char* name, const Value* value) noexcept {
  if (pinned(value)) set_pinned(binding, true);
  return real<Status*(IoBinding*, const char*, const Value*)>(137)(binding, name, value);
}

Status* bind_output_to_device(IoBinding* binding, const char* name, const MemoryInfo* info) noexcept {
  if (pinned(info)) set_pinned(binding, true);
  return real<Status*(IoBinding*, const char*, const MemoryInfo*)>(138)(binding, name, info);
}

template <typename T, size_t kSlot>
void release(T* what) {
  set_pinned(what, false);
  real<void(T*)>(kSlot)(what);
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
  MJ_ORT_PLUGIN_SLOTS(X)
  MJ_ORT_PLACEMENT_SLOTS(X)
#undef X
  replace(7, &create);
  replace(8, &create_from_array);
  replace(9, &run);
  replace(48, &create_tensor);
  replace(68, &create_memory_info);
  replace(94, &release<MemoryInfo, 94>);
  replace(95, &release_session);
  replace(96, &release<Value, 96>);
  replace(100, &release_session_options);
  replace(130, &add_config);
  replace(131, &create_allocator);
  replace(132, &release<Allocator, 132>);
  replace(133, &run_with_binding);
  replace(135, &release<IoBinding, 135>);
  replace(137, &bind_output);
  replace(138, &bind_output_to_device);
  replace(170, &append_tensorrt);
  replace(171, &create_tensorrt_options);
  replace(172, &update_tensorrt_options);
  replace(174, &release_tensorrt_options);
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
