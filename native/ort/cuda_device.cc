#include "ort/cuda_device.h"

#include <array>
#include <cctype>
#include <cstdio>
#include <cstring>

#include "base/dynlib.h"

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
using CuCtxSynchronize = int();
using CuGetErrorString = int(int error, const char** text);

struct Driver {
  DynLib library;
  CuInit* init = nullptr;
  CuDeviceGet* device_get = nullptr;
  CuDeviceGetUuid* uuid = nullptr;
  CuDeviceGetPciBusId* pci_bus_id = nullptr;
  CuCtxSynchronize* synchronise = nullptr;
  CuGetErrorString* error_string = nullptr;

  Status open(const std::string& name) {
    if (const Status status = DynLib::open({name}, library); !status.ok()) {
      return {Code::kProviderUnavailable, "The CUDA driver cannot be loaded: " + status.message + ".",
              "Install the NVIDIA driver; in a container, start it with the GPU (--gpus all)."};
    }
    const bool complete = library.load(init, "cuInit") && library.load(device_get, "cuDeviceGet") &&
                          library.load(pci_bus_id, "cuDeviceGetPCIBusId") &&
                          library.load(synchronise, "cuCtxSynchronize") &&
                          // _v2 names the MIG instance; the first form is all that old drivers have.
                          (library.load(uuid, "cuDeviceGetUuid_v2") || library.load(uuid, "cuDeviceGetUuid"));
    static_cast<void>(library.load(error_string, "cuGetErrorString"));
    if (complete) return {};
    return {Code::kProviderUnavailable, name + " lacks functions of the CUDA driver.",
            "Install a newer NVIDIA driver."};
  }

  Status failure(const char* call, int result) const {
    const char* text = nullptr;
    if (error_string == nullptr || error_string(result, &text) != 0 || text == nullptr) text = "unknown error";
    return {Code::kProviderUnavailable,
            std::string("The CUDA driver cannot be used: ") + call + " gives " + std::to_string(result) + " (" + text +
                ").",
            "Look at nvidia-smi, at CUDA_VISIBLE_DEVICES and at the option deviceId."};
  }
};

std::string format_uuid(const CuUuid& uuid) {
  std::string text = "GPU-";
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

}  // namespace

Status find_cuda_device(int ordinal, CudaDevice& out, const std::string& library) {
  Driver driver;
  if (Status status = driver.open(library); !status.ok()) return status;
  if (const int result = driver.init(0)) return driver.failure("cuInit", result);
  int device = 0;
  if (const int result = driver.device_get(&device, ordinal)) return driver.failure("cuDeviceGet", result);
  CuUuid uuid{};
  if (const int result = driver.uuid(&uuid, device)) return driver.failure("cuDeviceGetUuid", result);
  std::array<char, 32> bus{};
  if (const int result = driver.pci_bus_id(bus.data(), static_cast<int>(bus.size()), device)) {
    return driver.failure("cuDeviceGetPCIBusId", result);
  }
  out.uuid = format_uuid(uuid);
  out.pci_bus_id = format_bus_id(bus.data());
  out.synchronise_context = driver.synchronise;
  return {};
}

}  // namespace mj::ort
