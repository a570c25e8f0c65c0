// A CUDA driver with two devices. Ordinal 2 is lost: its UUID cannot be read. Device memory is host memory, and
// mj_fail_next makes the next call of the context fail, mj_fail_always all of them. MJ_FAKE_GPU_NAME is the name of
// both.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace {
bool g_initialised = false;
int g_failure = 0;
int g_failure_for_ever = 0;
int failed() {
  const int failure = g_failure_for_ever != 0 ? g_failure_for_ever : g_failure;
  g_failure = 0;
  return failure;
}
}  // namespace

EXPORT void mj_fail_next(int error) { g_failure = error; }
EXPORT void mj_fail_always(int error) { g_failure_for_ever = error; }

EXPORT int cuMemGetInfo_v2(size_t* free, size_t* total) {
  *free = size_t{3} << 29;  // 1.5 GiB
  *total = size_t{80} << 30;
  return failed();
}

EXPORT int cuInit(unsigned) {
  g_initialised = true;
  return 0;
}

EXPORT int cuDeviceGet(int* device, int ordinal) {
  if (!g_initialised) return 3;
  if (ordinal < 0 || ordinal > 2) return 101;
  *device = ordinal + 10;
  return 0;
}

EXPORT int cuDeviceGetUuid_v2(char* uuid, int device) {
  if (device == 12) return 46;
  for (int i = 0; i < 16; ++i) uuid[i] = static_cast<char>(0xf0 + device - 10 + i);
  return 0;
}

EXPORT int cuDeviceGetPCIBusId(char* id, int length, int device) {
  std::snprintf(id, static_cast<size_t>(length), "0000:%02x:00.0", 0xa0 + device - 10);
  return 0;
}

EXPORT int cuDeviceGetName(char* name, int length, int) {
  const char* given = std::getenv("MJ_FAKE_GPU_NAME");
  std::snprintf(name, static_cast<size_t>(length), "%s", given != nullptr ? given : "Fake H100");
  return 0;
}

EXPORT int cuDeviceGetAttribute(int* value, int attribute, int) {
  *value = attribute == 75 ? 9 : attribute == 16 ? 132 : 0;
  return 0;
}

EXPORT int cuDeviceTotalMem_v2(size_t* bytes, int) {
  *bytes = size_t{80} << 30;
  return 0;
}

EXPORT int cuCtxSynchronize() { return failed(); }

EXPORT int cuMemcpyHtoD_v2(unsigned long long device, const void* host, size_t bytes) {
  if (const int failure = failed()) return failure;
  std::memcpy(reinterpret_cast<void*>(static_cast<uintptr_t>(device)), host, bytes);
  return 0;
}

EXPORT int cuMemcpyDtoH_v2(void* host, unsigned long long device, size_t bytes) {
  if (const int failure = failed()) return failure;
  std::memcpy(host, reinterpret_cast<const void*>(static_cast<uintptr_t>(device)), bytes);
  return 0;
}

EXPORT int cuGetErrorString(int error, const char** text) {
  *text = error == 101  ? "invalid device ordinal"
          : error == 46 ? "CUDA-capable device(s) is/are busy or unavailable"
                        : nullptr;
  return *text != nullptr ? 0 : 1;
}
