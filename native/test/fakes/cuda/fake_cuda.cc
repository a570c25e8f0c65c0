// A CUDA driver with two boards, an instance of the second one, and a third that is lost: its UUID cannot be read. What
// is visible, and in which order, CUDA_VISIBLE_DEVICES says. Device memory is host memory; mj_fail_next makes the next
// call of a context fail, mj_fail_always all of them. MJ_FAKE_GPU_NAME is the name of all.
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <sstream>
#include <string>
#include <vector>

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace {

constexpr int kInvalidValue = 1;
constexpr int kNotInitialised = 3;
constexpr int kNoDevice = 100;
constexpr int kInvalidDevice = 101;
constexpr int kInvalidContext = 201;
constexpr int kFirstHandle = 10;

struct FakeDevice {
  const char* prefix;
  char first;        // of the sixteen bytes of its UUID, which count up
  char board_first;  // of the board's
  int bus;
  std::atomic<int> retained{0};
  std::atomic<int> synchronised{0};
};

// Counters, contexts and their names live as long as the process does.
std::array<FakeDevice, 4>& devices() {
  static auto* all = new std::array<FakeDevice, 4>{{{"GPU-", '\xf0', '\xf0', 0xa0},
                                                    {"GPU-", '\xf1', '\xf1', 0xa1},
                                                    {"GPU-", '\xf2', '\xf2', 0xa2},
                                                    {"MIG-", '\x40', '\xf1', 0xa1}}};
  return *all;
}

constexpr int kLost = 2;

std::mutex g_mutex;
std::vector<int> g_visible;
std::atomic<bool> g_initialised{false};
std::atomic<int> g_failure{0};
std::atomic<int> g_failure_for_ever{0};
thread_local FakeDevice* g_current = nullptr;

void write_uuid(char first, char* uuid) {
  for (int i = 0; i < 16; ++i) uuid[i] = static_cast<char>(first + i);
}

std::string name_of(const FakeDevice& device) {
  std::array<char, 16> uuid{};
  write_uuid(device.first, uuid.data());
  std::string text = device.prefix;
  for (size_t i = 0; i < uuid.size(); ++i) {
    std::array<char, 3> hex{};
    std::snprintf(hex.data(), hex.size(), "%02x", static_cast<unsigned char>(uuid[i]));
    text += hex.data();
    if (i == 3 || i == 5 || i == 7 || i == 9) text += '-';
  }
  return text;
}

// An index, or a UUID or the beginning of one; -1: none of these.
int device_named(const std::string& name) {
  if (name == "0" || name == "1") return name[0] - '0';
  for (size_t i = 0; i < devices().size(); ++i) {
    if (name.size() > 4 && name_of(devices()[i]).rfind(name, 0) == 0) return static_cast<int>(i);
  }
  return -1;
}

// As the real one: what comes after a name that stands for nothing is not visible.
std::vector<int> visible() {
  const char* list = std::getenv("CUDA_VISIBLE_DEVICES");
  if (list == nullptr) return {0, 1, kLost};
  std::vector<int> found;
  std::istringstream text(list);
  for (std::string name; std::getline(text, name, ',');) {
    const int device = device_named(name);
    if (device < 0) break;
    found.push_back(device);
  }
  return found;
}

FakeDevice* device_of(int handle) {
  const int index = handle - kFirstHandle;
  return index < 0 || index >= static_cast<int>(devices().size()) ? nullptr : &devices()[static_cast<size_t>(index)];
}

int entered() {
  const int once = g_failure.exchange(0);
  if (const int failure = g_failure_for_ever != 0 ? g_failure_for_ever.load() : once) return failure;
  return g_current == nullptr || g_current->retained == 0 ? kInvalidContext : 0;
}

}  // namespace

EXPORT void mj_fail_next(int error) { g_failure = error; }
EXPORT void mj_fail_always(int error) { g_failure_for_ever = error; }
// Of the device of this handle's ordinal without CUDA_VISIBLE_DEVICES.
EXPORT int mj_retained(int index) { return devices()[static_cast<size_t>(index)].retained; }
EXPORT int mj_synchronised(int index) { return devices()[static_cast<size_t>(index)].synchronised; }

EXPORT int cuMemGetInfo_v2(size_t* free, size_t* total) {
  *free = size_t{3} << 29;  // 1.5 GiB
  *total = size_t{80} << 30;
  return entered();
}

EXPORT int cuInit(unsigned) {
  const std::lock_guard<std::mutex> lock(g_mutex);
  g_visible = visible();
  g_initialised = true;
  return g_visible.empty() ? kNoDevice : 0;
}

EXPORT int cuDeviceGet(int* device, int ordinal) {
  if (!g_initialised) return kNotInitialised;
  const std::lock_guard<std::mutex> lock(g_mutex);
  if (ordinal < 0 || ordinal >= static_cast<int>(g_visible.size())) return kInvalidDevice;
  *device = g_visible[static_cast<size_t>(ordinal)] + kFirstHandle;
  return 0;
}

EXPORT int cuDeviceGetUuid_v2(char* uuid, int device) {
  if (device == kLost + kFirstHandle) return 46;
  const FakeDevice* found = device_of(device);
  if (found == nullptr) return kInvalidDevice;
  write_uuid(found->first, uuid);
  return 0;
}

EXPORT int cuDeviceGetUuid(char* uuid, int device) {
  const FakeDevice* found = device_of(device);
  if (found == nullptr) return kInvalidDevice;
  write_uuid(found->board_first, uuid);
  return 0;
}

EXPORT int cuDeviceGetPCIBusId(char* id, int length, int device) {
  const FakeDevice* found = device_of(device);
  if (found == nullptr) return kInvalidDevice;
  std::snprintf(id, static_cast<size_t>(length), "0000:%02x:00.0", static_cast<unsigned>(found->bus));
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

EXPORT int cuDevicePrimaryCtxRetain(void** context, int device) {
  FakeDevice* found = device_of(device);
  if (found == nullptr) return kInvalidDevice;
  ++found->retained;
  *context = found;
  return 0;
}

EXPORT int cuDevicePrimaryCtxRelease_v2(int device) {
  FakeDevice* found = device_of(device);
  if (found == nullptr || found->retained == 0) return kInvalidContext;
  --found->retained;
  return 0;
}

EXPORT int cuCtxGetCurrent(void** context) {
  *context = g_current;
  return 0;
}

EXPORT int cuCtxSetCurrent(void* context) {
  if (context == nullptr) return kInvalidValue;
  g_current = static_cast<FakeDevice*>(context);
  return 0;
}

EXPORT int cuCtxSynchronize() {
  const int result = entered();
  if (result == 0) ++g_current->synchronised;
  return result;
}

EXPORT int cuMemcpyHtoD_v2(unsigned long long device, const void* host, size_t bytes) {
  if (const int result = entered()) return result;
  std::memcpy(reinterpret_cast<void*>(static_cast<uintptr_t>(device)), host, bytes);
  return 0;
}

EXPORT int cuMemcpyDtoH_v2(void* host, unsigned long long device, size_t bytes) {
  if (const int result = entered()) return result;
  std::memcpy(host, reinterpret_cast<const void*>(static_cast<uintptr_t>(device)), bytes);
  return 0;
}

EXPORT int cuGetErrorString(int error, const char** text) {
  *text = error == kInvalidDevice ? "invalid device ordinal"
          : error == kNoDevice    ? "no CUDA-capable device is detected"
          : error == 46           ? "CUDA-capable device(s) is/are busy or unavailable"
                                  : nullptr;
  return *text != nullptr ? 0 : 1;
}
