// A CUDA driver with two devices. Ordinal 2 is lost: its UUID cannot be read.
#include <cstdio>
#include <cstring>

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace {
bool g_initialised = false;
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

EXPORT int cuCtxSynchronize() { return 0; }

EXPORT int cuGetErrorString(int error, const char** text) {
  *text = error == 101  ? "invalid device ordinal"
          : error == 46 ? "CUDA-capable device(s) is/are busy or unavailable"
                        : nullptr;
  return *text != nullptr ? 0 : 1;
}
