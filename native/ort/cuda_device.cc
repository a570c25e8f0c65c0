#include "ort/cuda_device.h"

#include <array>
#include <atomic>
#include <cctype>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <map>
#include <mutex>
#include <utility>

#include "base/dynlib.h"
#include "ort/cuda_error.h"

namespace mj::ort {

namespace {

// From cuda.h: CUresult and CUdevice are ints, CUuuid sixteen bytes.
struct CuUuid {
  char bytes[16];
};
using CuInit = int(unsigned flags);
using CuDeviceGet = int(int* device, int ordinal);
using CuDeviceGetUuid = int(CuUuid* uuid, int device);
using CuDeviceGetPciBusId = int(char* id, int length, int device);
using CuDeviceGetName = int(char* name, int length, int device);
using CuDeviceGetAttribute = int(int* value, int attribute, int device);
using CuDeviceTotalMem = int(size_t* bytes, int device);
using CuRetain = int(void** context, int device);
using CuRelease = int(int device);
// Of CUdevice_attribute.
constexpr int kMultiprocessors = 16;
constexpr int kComputeMajor = 75;
constexpr int kComputeMinor = 76;

std::string what(const CudaCalls& calls, const char* call, int result) {
  const char* text = nullptr;
  if (calls.error_string == nullptr || calls.error_string(result, &text) != 0 || text == nullptr) {
    text = "unknown error";
  }
  return std::string(call) + " gives " + std::to_string(result) + " (" + text + ").";
}

// A call on a device that has worked before.
Status checked(const CudaCalls& calls, const char* call, int result) {
  if (result == 0) return {};
  const std::string text = "The CUDA driver failed: " + what(calls, call, result);
  if (result == kCudaOutOfMemory) return {Code::kOutOfMemory, text, "Use a smaller batch, or free memory."};
  if (ends_context(result)) return {Code::kDeviceLost, text, kDeviceLostRemedy};
  return {Code::kDriverFailure, text, "Look at the driver's log (dmesg, nvidia-smi)."};
}

unsigned long long address(const void* device) { return reinterpret_cast<uintptr_t>(device); }

struct Driver {
  DynLib library;
  CuInit* init = nullptr;
  CuDeviceGet* device_get = nullptr;
  CuDeviceGetUuid* uuid = nullptr;           // of an instance of a divided GPU its own
  CuDeviceGetUuid* uuid_of_board = nullptr;  // null: the same
  CuDeviceGetPciBusId* pci_bus_id = nullptr;
  CuDeviceGetName* name = nullptr;
  CuDeviceGetAttribute* attribute = nullptr;
  CuDeviceTotalMem* total_memory = nullptr;
  CuRetain* retain = nullptr;
  CuRelease* release = nullptr;
  CudaCalls calls;

  Status open(const std::string& file) {
    if (const Status status = DynLib::open({file}, library); !status.ok()) {
      return {Code::kProviderUnavailable, "The CUDA driver cannot be loaded: " + status.message + ".",
              "Install the NVIDIA driver; in a container, start it with the GPU (--gpus all)."};
    }
    const bool complete =
        library.load(init, "cuInit") && library.load(device_get, "cuDeviceGet") &&
        library.load(pci_bus_id, "cuDeviceGetPCIBusId") && library.load(calls.synchronise, "cuCtxSynchronize") &&
        library.load(calls.to_device, "cuMemcpyHtoD_v2") && library.load(calls.to_host, "cuMemcpyDtoH_v2") &&
        library.load(calls.current, "cuCtxGetCurrent") && library.load(calls.make_current, "cuCtxSetCurrent") &&
        library.load(retain, "cuDevicePrimaryCtxRetain") && library.load(release, "cuDevicePrimaryCtxRelease_v2") &&
        // The first form is all that old drivers have.
        (library.load(uuid, "cuDeviceGetUuid_v2") || library.load(uuid, "cuDeviceGetUuid"));
    static_cast<void>(library.load(uuid_of_board, "cuDeviceGetUuid"));
    static_cast<void>(library.load(calls.error_string, "cuGetErrorString"));
    static_cast<void>(library.load(calls.memory, "cuMemGetInfo_v2"));
    if (complete) return {};
    return {Code::kProviderUnavailable, file + " lacks functions of the CUDA driver.",
            "Install a newer NVIDIA driver."};
  }

  CudaModel model_of(int device) {
    CudaModel model;
    std::array<char, 256> text{};
    if (library.load(name, "cuDeviceGetName") && name(text.data(), static_cast<int>(text.size()) - 1, device) == 0) {
      model.name = text.data();
    }
    if (library.load(attribute, "cuDeviceGetAttribute")) {
      static_cast<void>(attribute(&model.multiprocessors, kMultiprocessors, device));
      static_cast<void>(attribute(&model.major, kComputeMajor, device));
      static_cast<void>(attribute(&model.minor, kComputeMinor, device));
    }
    if (library.load(total_memory, "cuDeviceTotalMem_v2")) {
      static_cast<void>(total_memory(&model.memory_bytes, device));
    }
    return model;
  }

  Status failure(const char* call, int result) const {
    return {Code::kProviderUnavailable, "The CUDA driver cannot be used: " + what(calls, call, result),
            "Look at nvidia-smi, at CUDA_VISIBLE_DEVICES and at the option deviceId."};
  }
};

struct LostDevices {
  std::atomic<bool> any{false};
  std::mutex mutex;
  std::map<std::string, Status> failures;
};

LostDevices& lost_devices() {
  static auto* devices = new LostDevices();
  return *devices;
}

std::string format_uuid(const char* prefix, const CuUuid& uuid) {
  std::string text = prefix;
  for (size_t i = 0; i < sizeof(uuid.bytes); ++i) {
    std::array<char, 3> hex{};
    std::snprintf(hex.data(), hex.size(), "%02x", static_cast<unsigned char>(uuid.bytes[i]));
    text += hex.data();
    if (i == 3 || i == 5 || i == 7 || i == 9) text += '-';
  }
  return text;
}

// CUDA writes '0000:01:00.0', NVML '00000000:01:00.0', both with letters of either case.
std::string format_bus_id(const std::string& id) {
  const size_t colon = id.find(':');
  if (colon == std::string::npos) return id;
  std::string text = colon < 8 ? std::string(8 - colon, '0') + id : id;
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

// Of an instance of a divided GPU the two calls tell different ones.
Status read_uuid(const Driver& driver, int device, std::string& out) {
  CuUuid uuid{};
  if (const int result = driver.uuid(&uuid, device)) return driver.failure("cuDeviceGetUuid", result);
  CuUuid board{};
  const bool whole = driver.uuid_of_board == nullptr || driver.uuid_of_board(&board, device) != 0 ||
                     std::memcmp(uuid.bytes, board.bytes, sizeof(uuid.bytes)) == 0;
  out = format_uuid(whole ? "GPU-" : "MIG-", uuid);
  return {};
}

}  // namespace

// ONNX Runtime sets the device of a thread when it runs there; before that, and where a provider of another device
// came last, it is another or none.
Status CudaDevice::enter() const {
  void* now = nullptr;
  if (Status status = checked(calls, "cuCtxGetCurrent", calls.current(&now)); !status.ok()) return status;
  return now == context.get() ? Status() : checked(calls, "cuCtxSetCurrent", calls.make_current(context.get()));
}

Status CudaDevice::synchronise() const {
  if (!present()) return {};
  if (Status status = enter(); !status.ok()) return status;
  return checked(calls, "cuCtxSynchronize", calls.synchronise());
}

DeviceMemory CudaDevice::memory() const noexcept {
  size_t free = 0;
  size_t total = 0;
  if (calls.memory == nullptr || !enter().ok() || calls.memory(&free, &total) != 0) return {};
  return {static_cast<int64_t>(free), static_cast<int64_t>(total)};
}

Status CudaDevice::send(void* device, const void* host, size_t bytes) const {
  if (!present() || bytes == 0) return {};
  if (Status status = enter(); !status.ok()) return status;
  return checked(calls, "cuMemcpyHtoD", calls.to_device(address(device), host, bytes));
}

Status CudaDevice::receive(void* host, const void* device, size_t bytes) const {
  if (!present() || bytes == 0) return {};
  if (Status status = enter(); !status.ok()) return status;
  return checked(calls, "cuMemcpyDtoH", calls.to_host(host, address(device), bytes));
}

Status CudaDevice::copy_in(void* device, const void* host, size_t bytes) const {
  if (bytes == 0) return {};
  Status status = send(device, host, bytes);
  // From pageable memory the call returns before the last part has arrived.
  return status.ok() ? synchronise() : status;
}

Status CudaDevice::copy_out(void* host, const void* device, size_t bytes) const {
  if (bytes == 0) return {};
  // ONNX Runtime's stream does not wait for the default one, nor this for it.
  if (Status status = synchronise(); !status.ok()) return status;
  return receive(host, device, bytes);
}

void lose_device(const std::string& uuid, const Status& failure) {
  const std::lock_guard<std::mutex> lock(lost_devices().mutex);
  lost_devices().failures.emplace(uuid, failure);
  lost_devices().any.store(true, std::memory_order_release);
}

Status lost_device(const std::string& uuid) {
  if (!lost_devices().any.load(std::memory_order_acquire)) return {};
  const std::lock_guard<std::mutex> lock(lost_devices().mutex);
  const auto found = lost_devices().failures.find(uuid);
  if (found == lost_devices().failures.end()) return {};
  return {found->second.code, "The device was lost to this process before. " + found->second.message,
          found->second.remedy};
}

Status find_cuda_device(int ordinal, CudaDevice& out, const std::string& library) {
  Driver driver;
  if (Status status = driver.open(library); !status.ok()) return status;
  if (const int result = driver.init(0)) return driver.failure("cuInit", result);
  int device = 0;
  if (const int result = driver.device_get(&device, ordinal)) return driver.failure("cuDeviceGet", result);
  std::string uuid;
  if (Status status = read_uuid(driver, device, uuid); !status.ok()) return status;
  std::array<char, 32> bus{};
  if (const int result = driver.pci_bus_id(bus.data(), static_cast<int>(bus.size()), device)) {
    return driver.failure("cuDeviceGetPCIBusId", result);
  }
  void* context = nullptr;
  if (const int result = driver.retain(&context, device)) return driver.failure("cuDevicePrimaryCtxRetain", result);
  out.context = {context, [release = driver.release, device](void*) { release(device); }};
  out.uuid = std::move(uuid);
  out.pci_bus_id = format_bus_id(bus.data());
  out.ordinal = ordinal;
  out.model = driver.model_of(device);
  out.calls = driver.calls;
  return {};
}

}  // namespace mj::ort
