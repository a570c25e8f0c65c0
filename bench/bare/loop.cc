// The loop that measure() is held against: bare_loop LIBRARY MODEL LENGTH WARMUP RUNS.
// Prints ns per inference, with nothing around Run but the release of its output.
#include <dlfcn.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "base/clock.h"
#include "ort/ort_abi.h"

namespace {

using namespace mj::ort::abi;

template <typename T>
T slot(const void* const* table, int number) {
  return reinterpret_cast<T>(const_cast<void*>(table[number]));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) return 2;
  void* library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return 3;
  const ApiBase* base = reinterpret_cast<const ApiBase* (*)()>(dlsym(library, "OrtGetApiBase"))();
  const void* const* table = static_cast<const void* const*>(base->GetApi(kApiVersion));
  Api api;
#define X(number, name, ...) api.name = slot<decltype(api.name)>(table, number);
  MJ_ORT_SLOTS(X)
#undef X

  const int64_t length = std::atoll(argv[3]);
  const int warmup = std::atoi(argv[4]);
  const int runs = std::atoi(argv[5]);
  Env* env = nullptr;
  SessionOptions* options = nullptr;
  Session* session = nullptr;
  MemoryInfo* memory = nullptr;
  Value* input = nullptr;
  std::vector<float> data(static_cast<size_t>(length));
  if (api.CreateEnv(kLogWarning, "bare", &env) != nullptr || api.CreateSessionOptions(&options) != nullptr ||
      api.CreateSession(env, argv[2], options, &session) != nullptr ||
      api.CreateCpuMemoryInfo(kDeviceAllocator, kMemTypeDefault, &memory) != nullptr ||
      api.CreateTensorWithDataAsOrtValue(memory, data.data(), data.size() * sizeof(float), &length, 1, kFloat32,
                                         &input) != nullptr) {
    return 4;
  }
  const char* input_name = "x";
  const char* output_name = "y";
  const auto infer = [&] {
    Value* output = nullptr;
    if (api.Run(session, nullptr, &input_name, &input, 1, &output_name, 1, &output) != nullptr) std::abort();
    api.ReleaseValue(output);
  };
  for (int i = 0; i < warmup; ++i) infer();
  const int64_t start = mj::monotonic_ns();
  for (int i = 0; i < runs; ++i) infer();
  std::printf("%.3f\n", static_cast<double>(mj::monotonic_ns() - start) / runs);
}
