// The loop that session.measure() is held against, over the same C API: bare_loop FILE. The file has one word and its
// values a line (bench/gpu/lib/bare.mjs writes it); options have '=' between key and value:
//   library PATH | model PATH | provider cpu|cuda|tensorrt | option KEY=VALUE | free NAME SIZE | device ORDINAL
//   input NAME TYPE FILE DIM… | path host|device | before RUNS
// Then, for each number of seconds on standard input, runs that long and prints JSON on one line: the instants
// (CLOCK_MONOTONIC, ns) around the runs and the duration of each.
#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "base/clock.h"
#include "ort/ort_abi.h"

namespace {

using namespace mj::ort::abi;

Api api;

[[noreturn]] void fail(const std::string& why) {
  std::fprintf(stderr, "bare_loop: %s\n", why.c_str());
  std::exit(1);
}

void ok(Status* status) {
  if (status != nullptr) fail(api.GetErrorMessage(status));
}

struct Input {
  std::string name;
  ElementType type = kFloat32;
  std::vector<int64_t> dims;
  std::vector<char> bytes;
};

struct Plan {
  std::string library, model, provider = "cpu", path = "host";
  std::vector<std::string> keys, values;
  std::vector<std::pair<std::string, int64_t>> free;
  std::vector<Input> inputs;
  int device = 0;
  int before = 10;
};

Input read_input(std::istringstream& line) {
  Input input;
  std::string file;
  unsigned type = 0;
  line >> input.name >> type >> file;
  input.type = static_cast<ElementType>(type);
  for (int64_t dim = 0; line >> dim;) input.dims.push_back(dim);
  std::ifstream data(file, std::ios::binary);
  input.bytes.assign(std::istreambuf_iterator<char>(data), {});
  return input;
}

Plan read_plan(const char* path) {
  Plan plan;
  std::ifstream file(path);
  for (std::string text; std::getline(file, text);) {
    std::istringstream line(text);
    std::string word;
    line >> word;
    if (word == "library") line >> plan.library;
    if (word == "model") line >> plan.model;
    if (word == "provider") line >> plan.provider;
    if (word == "path") line >> plan.path;
    if (word == "device") line >> plan.device;
    if (word == "before") line >> plan.before;
    if (word == "input") plan.inputs.push_back(read_input(line));
    if (word == "option") {
      std::string pair;
      line >> pair;
      plan.keys.push_back(pair.substr(0, pair.find('=')));
      plan.values.push_back(pair.substr(pair.find('=') + 1));
    }
    if (word == "free") {
      std::string name;
      int64_t size = 0;
      line >> name >> size;
      plan.free.emplace_back(name, size);
    }
  }
  return plan;
}

void load_api(const std::string& path) {
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) fail(dlerror());
  const ApiBase* base = reinterpret_cast<const ApiBase* (*)()>(dlsym(library, "OrtGetApiBase"))();
  const void* const* table = static_cast<const void* const*>(base->GetApi(kApiVersion));
#define X(number, name, ...) api.name = reinterpret_cast<decltype(api.name)>(const_cast<void*>(table[number]));
  MJ_ORT_SLOTS(X)
#undef X
}

void append_provider(const Plan& plan, SessionOptions* options) {
  std::vector<const char*> keys, values;
  for (const std::string& key : plan.keys) keys.push_back(key.c_str());
  for (const std::string& value : plan.values) values.push_back(value.c_str());
  if (plan.provider == "cuda") {
    CudaOptions* cuda = nullptr;
    ok(api.CreateCUDAProviderOptions(&cuda));
    ok(api.UpdateCUDAProviderOptions(cuda, keys.data(), values.data(), keys.size()));
    ok(api.SessionOptionsAppendExecutionProvider_CUDA_V2(options, cuda));
  } else if (plan.provider == "tensorrt") {
    TensorRtOptions* tensorrt = nullptr;
    ok(api.CreateTensorRTProviderOptions(&tensorrt));
    ok(api.UpdateTensorRTProviderOptions(tensorrt, keys.data(), values.data(), keys.size()));
    ok(api.SessionOptionsAppendExecutionProvider_TensorRT_V2(options, tensorrt));
  }
}

Session* open_session(const Plan& plan) {
  Env* env = nullptr;
  SessionOptions* options = nullptr;
  Session* session = nullptr;
  ok(api.CreateEnv(kLogWarning, "bare", &env));
  ok(api.CreateSessionOptions(&options));
  for (const auto& [name, size] : plan.free) ok(api.AddFreeDimensionOverrideByName(options, name.c_str(), size));
  append_provider(plan, options);
  ok(api.CreateSession(env, plan.model.c_str(), options, &session));
  return session;
}

std::vector<const char*> output_names(const Session* session) {
  Allocator* allocator = nullptr;
  ok(api.GetAllocatorWithDefaultOptions(&allocator));
  size_t count = 0;
  ok(api.SessionGetOutputCount(session, &count));
  std::vector<const char*> names;
  for (size_t i = 0; i < count; ++i) {
    char* name = nullptr;
    ok(api.SessionGetOutputName(session, i, allocator, &name));
    names.push_back(name);
  }
  return names;
}

struct Driver {
  int (*to_device)(unsigned long long, const void*, size_t);
  int (*synchronise)();
};

Driver open_driver() {
  void* library = dlopen("libcuda.so.1", RTLD_NOW);
  if (library == nullptr) fail(dlerror());
  return {reinterpret_cast<int (*)(unsigned long long, const void*, size_t)>(dlsym(library, "cuMemcpyHtoD_v2")),
          reinterpret_cast<int (*)()>(dlsym(library, "cuCtxSynchronize"))};
}

// Inputs and outputs bound in the memory of the device, or of the processor where that is the provider.
IoBinding* bind(const Plan& plan, Session* session) {
  const bool on_device = plan.provider != "cpu";
  MemoryInfo* memory = nullptr;
  Allocator* allocator = nullptr;
  IoBinding* binding = nullptr;
  ok(api.CreateMemoryInfo(on_device ? "Cuda" : "Cpu", kDeviceAllocator, on_device ? plan.device : 0, kMemTypeDefault,
                          &memory));
  ok(api.CreateAllocator(session, memory, &allocator));
  ok(api.CreateIoBinding(session, &binding));
  for (const Input& input : plan.inputs) {
    Value* value = nullptr;
    void* data = nullptr;
    ok(api.CreateTensorAsOrtValue(allocator, input.dims.data(), input.dims.size(), input.type, &value));
    ok(api.GetTensorMutableData(value, &data));
    if (!on_device) {
      std::copy(input.bytes.begin(), input.bytes.end(), static_cast<char*>(data));
    } else if (open_driver().to_device(reinterpret_cast<uintptr_t>(data), input.bytes.data(), input.bytes.size()) !=
               0) {
      fail("cuMemcpyHtoD failed");
    }
    ok(api.BindInput(binding, input.name.c_str(), value));
  }
  // ONNX Runtime keeps what it allocates in the first run.
  for (const char* name : output_names(session)) ok(api.BindOutputToDevice(binding, name, memory));
  return binding;
}

template <typename Infer>
void measure_once(const Plan& plan, double seconds, const Infer& infer) {
  for (int i = 0; i < plan.before; ++i) infer();
  if (plan.provider != "cpu" && open_driver().synchronise() != 0) fail("cuCtxSynchronize failed");
  std::vector<int64_t> durations;
  durations.reserve(1 << 20);
  const int64_t start = mj::monotonic_ns();
  const auto length = static_cast<int64_t>(seconds * 1e9);
  int64_t now = start;
  while (now - start < length) {
    const int64_t before = mj::monotonic_ns();
    infer();
    now = mj::monotonic_ns();
    durations.push_back(now - before);
  }
  if (plan.provider != "cpu" && open_driver().synchronise() != 0) fail("cuCtxSynchronize failed");
  std::printf("{\"startNs\":\"%lld\",\"endNs\":\"%lld\",\"durationsNs\":[", static_cast<long long>(start),
              static_cast<long long>(mj::monotonic_ns()));
  for (size_t i = 0; i < durations.size(); ++i) {
    std::printf("%s%lld", i > 0 ? "," : "", static_cast<long long>(durations[i]));
  }
  std::printf("]}\n");
  std::fflush(stdout);
}

template <typename Infer>
void measure(const Plan& plan, const Infer& infer) {
  for (double seconds = 0; std::cin >> seconds;) measure_once(plan, seconds, infer);
}

void measure_host(const Plan& plan, Session* session) {
  MemoryInfo* memory = nullptr;
  ok(api.CreateCpuMemoryInfo(kDeviceAllocator, kMemTypeDefault, &memory));
  std::vector<const char*> names;
  std::vector<Value*> inputs;
  for (const Input& input : plan.inputs) {
    names.push_back(input.name.c_str());
    inputs.push_back(nullptr);
    ok(api.CreateTensorWithDataAsOrtValue(memory, const_cast<char*>(input.bytes.data()), input.bytes.size(),
                                          input.dims.data(), input.dims.size(), input.type, &inputs.back()));
  }
  const std::vector<const char*> fetched = output_names(session);
  std::vector<Value*> outputs(fetched.size(), nullptr);
  measure(plan, [&] {
    ok(api.Run(session, nullptr, names.data(), inputs.data(), inputs.size(), fetched.data(), fetched.size(),
               outputs.data()));
    for (Value*& output : outputs) {
      api.ReleaseValue(output);
      output = nullptr;
    }
  });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) fail("usage: bare_loop FILE");
  const Plan plan = read_plan(argv[1]);
  load_api(plan.library);
  Session* session = open_session(plan);
  if (plan.path == "host") {
    measure_host(plan, session);
  } else {
    const IoBinding* binding = bind(plan, session);
    RunOptions* options = nullptr;
    ok(api.CreateRunOptions(&options));
    measure(plan, [&] { ok(api.RunWithBinding(session, options, binding)); });
  }
  // Destructors of the providers' libraries are no part of it.
  std::_Exit(0);
}
