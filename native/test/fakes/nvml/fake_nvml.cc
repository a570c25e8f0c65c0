// A libnvidia-ml.so.1 that behaves like the one of a measured H100 and plays the script that lies beside it, in the
// file of its own path with '.script' appended. Copied with its script into a folder, it is loaded as the real one is.
#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <ctime>
#include <fstream>
#include <memory>
#include <sstream>

#include "energy/nvml_abi.h"
#include "nvml/board.h"

#define EXPORT extern "C" __attribute__((visibility("default")))

using namespace mj::energy::nvml;

// Only a fake has it: microjoule then labels everything as simulated.
EXPORT const int microjoule_simulated = 1;

namespace mj::energy::nvml {
struct nvmlDevice_st {
  std::unique_ptr<fake::Board> board;
};
}  // namespace mj::energy::nvml

namespace {

constexpr double kRingPeriodMs = 20;
constexpr unsigned int kRingSamples = 119;
constexpr uint64_t kGarbage = 0xABCD'EF01'0000'0000ULL;  // the driver leaves the upper half of the union as it was

int64_t clock_now(clockid_t id) {
  timespec t{};
  clock_gettime(id, &t);
  return static_cast<int64_t>(t.tv_sec) * 1'000'000'000 + t.tv_nsec;
}

struct Fake {
  fake::Script script;
  std::vector<nvmlDevice_st> devices;
  std::atomic<uint64_t> energy_calls{0};

  [[nodiscard]] double now_ms() const {
    return static_cast<double>(clock_now(CLOCK_MONOTONIC) - script.origin_ns) / 1e6;
  }
};

void load(Fake& fake) {
  Dl_info info{};
  dladdr(reinterpret_cast<const void*>(&microjoule_simulated), &info);
  std::ifstream file(std::string(info.dli_fname) + ".script");
  std::stringstream text;
  text << file.rdbuf();
  fake.script = fake::parse_script(text.str(), clock_now(CLOCK_MONOTONIC));
  for (const fake::DeviceScript& device : fake.script.devices) {
    fake.devices.push_back({std::make_unique<fake::Board>(device)});
  }
}

Fake& the_fake() {
  static auto* fake = [] {
    auto* made = new Fake();
    load(*made);
    return made;
  }();
  return *fake;
}

[[noreturn]] void hang() {
  for (;;) pause();
}

void sleep_us(double us) {
  const auto ns = static_cast<int64_t>(us * 1e3);
  timespec t{ns / 1'000'000'000, ns % 1'000'000'000};
  nanosleep(&t, nullptr);
}

void copy_text(const std::string& text, char* out, unsigned int size) {
  if (size == 0) return;
  const size_t length = std::min<size_t>(text.size(), size - 1);
  std::memcpy(out, text.data(), length);
  out[length] = 0;
}

// What every call on a device begins with: faults first.
Return enter(Device device, const std::string& call) {
  if (device == nullptr) return kInvalidArgument;
  fake::Board& board = *device->board;
  const double now = the_fake().now_ms();
  const auto& hangs = board.script().hangs;
  if (const auto found = hangs.find(call); found != hangs.end() && now >= found->second) hang();
  if (now >= board.script().lost_ms) return kGpuIsLost;
  if (board.script().unsupported.count(call) > 0) return kNotSupported;
  const auto& refused = board.script().refused;
  const auto found = refused.find(call);
  if (found != refused.end() && now >= found->second.first && now < found->second.second) return kUnknown;
  board.look_at_cpu(now);
  return kSuccess;
}

Return read_field(Device device, FieldValue& field) {
  const std::string name = "field:" + std::to_string(field.field);
  Return result = enter(device, field.scope == kScopeGpu ? name : name + ":" + std::to_string(field.scope));
  if (result != kSuccess) return result;
  const fake::Board& board = *device->board;
  const double now = the_fake().now_ms();
  field.timestamp_us = clock_now(CLOCK_REALTIME) / 1000;
  if (field.field == kFieldEnergy && field.scope == kScopeGpu) {
    field.type = kUnsignedLongLong;
    field.value.ull = board.counter_mj(now);
    return kSuccess;
  }
  // An H100 answers 185 for its memory, and refuses 186 there and everything for a module.
  const bool memory = field.field == kFieldPowerAverage && field.scope == kScopeMemory;
  if (field.scope != kScopeGpu && !memory) return kNotSupported;
  field.type = kUnsignedInt;
  field.value.ull = kGarbage;
  if (field.field == kFieldPowerInstant) {
    field.value.u = board.instant_mw(now);
  } else if (field.field == kFieldPowerAverage) {
    field.value.u = board.average_mw(now) / (memory ? 4 : 1);
  } else {
    return kNotSupported;
  }
  return kSuccess;
}

}  // namespace

EXPORT Return nvmlInit_v2() {
  Fake& fake = the_fake();
  if (!fake.script.error.empty()) {
    std::fprintf(stderr, "%s\n", fake.script.error.c_str());
    return kUnknown;
  }
  if (fake.script.init_hangs) hang();
  return static_cast<Return>(fake.script.init_code);
}

EXPORT const char* nvmlErrorString(Return result) {
  return result == kSuccess ? "Success" : result == kGpuIsLost ? "GPU is lost" : "Unknown Error";
}

EXPORT Return nvmlSystemGetDriverVersion(char* out, unsigned int size) {
  copy_text(the_fake().script.driver, out, size);
  return kSuccess;
}

EXPORT Return nvmlSystemGetCudaDriverVersion_v2(int* out) {
  *out = 13000;
  return kSuccess;
}

EXPORT Return nvmlDeviceGetCount_v2(unsigned int* out) {
  *out = static_cast<unsigned int>(the_fake().devices.size());
  return kSuccess;
}

EXPORT Return nvmlDeviceGetHandleByIndex_v2(unsigned int index, Device* out) {
  Fake& fake = the_fake();
  if (index >= fake.devices.size()) return kInvalidArgument;
  *out = &fake.devices[index];
  return enter(*out, "nvmlDeviceGetHandleByIndex_v2");
}

EXPORT Return nvmlDeviceGetUUID(Device device, char* out, unsigned int size) {
  copy_text(device->board->script().uuid, out, size);
  return kSuccess;
}

EXPORT Return nvmlDeviceGetName(Device device, char* out, unsigned int size) {
  copy_text(device->board->script().name, out, size);
  return kSuccess;
}

EXPORT Return nvmlDeviceGetPciInfo_v3(Device device, PciInfo* out) {
  *out = {};
  copy_text(device->board->script().pci_bus_id, out->bus_id, sizeof(out->bus_id));
  return kSuccess;
}

// Takes what the call takes on an H100; the value is taken at some point within it.
EXPORT Return nvmlDeviceGetTotalEnergyConsumption(Device device, unsigned long long* out) {
  Fake& fake = the_fake();
  const Return result = enter(device, "nvmlDeviceGetTotalEnergyConsumption");
  if (result != kSuccess) return result;
  const uint64_t call = fake.energy_calls.fetch_add(1) + 1;
  const bool tail = fake.script.tail_every > 0 && call % fake.script.tail_every == 0;
  const double latency = tail ? fake.script.tail_us : fake.script.latency_us;
  const double before = latency * std::fmod(static_cast<double>(call) * 0.6180339887, 1.0);
  sleep_us(before);
  device->board->look_at_cpu(fake.now_ms());
  *out = device->board->counter_mj(fake.now_ms());
  sleep_us(latency - before);
  return kSuccess;
}

EXPORT Return nvmlDeviceGetFieldValues(Device device, int count, FieldValue* values) {
  const Return result = enter(device, "nvmlDeviceGetFieldValues");
  if (result != kSuccess) return result;
  for (int i = 0; i < count; ++i) values[i].result = read_field(device, values[i]);
  return kSuccess;
}

EXPORT Return nvmlDeviceGetPowerUsage(Device device, unsigned int* out) {
  const Return result = enter(device, "nvmlDeviceGetPowerUsage");
  if (result != kSuccess) return result;
  const fake::Board& board = *device->board;
  const double now = the_fake().now_ms();
  // GA100 and older give the power of the moment.
  *out = board.script().capability > 80 ? board.average_mw(now) : board.instant_mw(now);
  return result;
}

EXPORT Return nvmlDeviceGetCudaComputeCapability(Device device, int* major, int* minor) {
  const Return result = enter(device, "nvmlDeviceGetCudaComputeCapability");
  *major = device->board->script().capability / 10;
  *minor = device->board->script().capability % 10;
  return result;
}

EXPORT Return nvmlDeviceGetSamples(Device device, int type, unsigned long long newer_than_us, ValueType* value_type,
                                   unsigned int* count, Sample* out) {
  const Return result = enter(device, "nvmlDeviceGetSamples");
  if (result != kSuccess) return result;
  if (type != kTotalPowerSamples) return kNotSupported;
  *value_type = kUnsignedInt;
  if (out == nullptr) {
    *count = kRingSamples;
    return kSuccess;
  }
  const double now = the_fake().now_ms();
  const double newest = std::floor(now / kRingPeriodMs) * kRingPeriodMs;
  const int64_t offset_ns = clock_now(CLOCK_REALTIME) - clock_now(CLOCK_MONOTONIC);
  unsigned int filled = 0;
  for (unsigned int i = 0; i < kRingSamples && filled < *count; ++i) {
    const double at = newest - kRingPeriodMs * (kRingSamples - 1 - i);
    const int64_t wall = the_fake().script.origin_ns + static_cast<int64_t>(at * 1e6) + offset_ns;
    const auto stamp = static_cast<unsigned long long>(wall / 1000);
    if (stamp <= newer_than_us) continue;
    out[filled].timestamp_us = stamp;
    out[filled].value.ull = kGarbage;
    out[filled++].value.u = device->board->filtered_mw(at);
  }
  *count = filled;
  return filled > 0 ? kSuccess : kNotFound;
}

EXPORT Return nvmlDeviceGetTemperature(Device device, int, unsigned int* out) {
  const Return result = enter(device, "nvmlDeviceGetTemperature");
  if (result == kSuccess) *out = 41;
  return result;
}

EXPORT Return nvmlDeviceGetClockInfo(Device device, int type, unsigned int* out) {
  const Return result = enter(device, "nvmlDeviceGetClockInfo");
  if (result == kSuccess) *out = type == kClockMemory ? 2619 : 1980;
  return result;
}

EXPORT Return nvmlDeviceGetUtilizationRates(Device device, Utilization* out) {
  const Return result = enter(device, "nvmlDeviceGetUtilizationRates");
  if (result == kSuccess) out->gpu = out->memory = device->board->busy(the_fake().now_ms()) ? 100 : 0;
  return result;
}

EXPORT Return nvmlDeviceGetCurrentClocksEventReasons(Device device, unsigned long long* out) {
  const Return result = enter(device, "nvmlDeviceGetCurrentClocksEventReasons");
  // Idle, or software power cap.
  if (result == kSuccess) *out = device->board->busy(the_fake().now_ms()) ? 4 : 1;
  return result;
}

EXPORT Return nvmlDeviceGetComputeRunningProcesses_v3(Device device, unsigned int* count, ProcessInfo* out) {
  const Return result = enter(device, "nvmlDeviceGetComputeRunningProcesses_v3");
  if (result != kSuccess) return result;
  const auto& foreign = device->board->script().foreign;
  const auto present = static_cast<unsigned int>(foreign.size());
  const bool fits = *count >= present;
  *count = present;
  if (!fits || out == nullptr) return fits ? kSuccess : kInsufficientSize;
  for (const auto& process : foreign) *out++ = {process.pid, 1 << 20, ~0U, ~0U};
  return kSuccess;
}

EXPORT Return nvmlDeviceGetProcessUtilization(Device device, ProcessUtilization* out, unsigned int* count,
                                              unsigned long long newer_than_us) {
  const Return result = enter(device, "nvmlDeviceGetProcessUtilization");
  if (result != kSuccess) return result;
  const fake::DeviceScript& script = device->board->script();
  const auto processes = static_cast<unsigned int>(script.foreign.size());
  const bool fits = *count >= processes;
  *count = processes;
  if (processes == 0) return kNotFound;
  if (!fits || out == nullptr) return kInsufficientSize;
  // Stamped by the wall clock; none that is not newer than what was seen.
  const double now = the_fake().now_ms();
  timespec wall{};
  clock_gettime(CLOCK_REALTIME, &wall);
  const auto wall_us = static_cast<double>(wall.tv_sec) * 1e6 + static_cast<double>(wall.tv_nsec) / 1e3;
  unsigned int told = 0;
  for (const auto& process : script.foreign) {
    const auto stamp = static_cast<unsigned long long>(wall_us - 1e3 * std::max(0.0, now - process.until_ms));
    if (stamp > newer_than_us) out[told++] = {process.pid, stamp, process.percent, 0, 0, 0};
  }
  *count = told;
  return told > 0 ? kSuccess : kNotFound;
}

EXPORT Return nvmlDeviceGetEnforcedPowerLimit(Device device, unsigned int* out) {
  const Return result = enter(device, "nvmlDeviceGetEnforcedPowerLimit");
  if (result == kSuccess) *out = static_cast<unsigned int>(device->board->script().limit_w * 1e3);
  return result;
}

EXPORT Return nvmlDeviceGetMigMode(Device device, unsigned int* current, unsigned int* pending) {
  const Return result = enter(device, "nvmlDeviceGetMigMode");
  if (result == kSuccess) *current = *pending = device->board->script().mig ? kMigEnable : 0;
  return result;
}

EXPORT Return nvmlDeviceGetPersistenceMode(Device device, EnableState* out) {
  const Return result = enter(device, "nvmlDeviceGetPersistenceMode");
  if (result == kSuccess) *out = device->board->script().persistence ? kEnabled : kDisabled;
  return result;
}

EXPORT Return nvmlDeviceGetApplicationsClock(Device device, int type, unsigned int* out) {
  const Return result = enter(device, "nvmlDeviceGetApplicationsClock");
  const fake::DeviceScript& script = device->board->script();
  if (result == kSuccess) *out = type == kClockMemory ? script.memory_mhz : script.graphics_mhz;
  return result;
}

EXPORT Return nvmlDeviceGetAutoBoostedClocksEnabled(Device device, EnableState* enabled, EnableState* by_default) {
  const Return result = enter(device, "nvmlDeviceGetAutoBoostedClocksEnabled");
  if (result != kSuccess) return result;
  const std::optional<bool>& auto_boost = device->board->script().auto_boost;
  if (!auto_boost) return kNotSupported;
  *enabled = *by_default = *auto_boost ? kEnabled : kDisabled;
  return kSuccess;
}
