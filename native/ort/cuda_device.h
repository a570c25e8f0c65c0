#pragma once

// A GPU through the CUDA driver: which one a CUDA ordinal is in NVML's terms (whose order differs), a wait for its
// work, and copies to and from its memory, for which ONNX Runtime's C API has no call before 1.23.
#include <cstddef>
#include <memory>
#include <string>

#include "base/status.h"
#include "ort/out_of_memory.h"

namespace mj::ort {

// From cuda.h: CUresult is an int, CUdeviceptr an unsigned long long.
struct CudaCalls {
  int (*synchronise)() = nullptr;
  int (*current)(void** context) = nullptr;
  int (*make_current)(void* context) = nullptr;
  int (*to_device)(unsigned long long device, const void* host, size_t bytes) = nullptr;
  int (*to_host)(void* host, unsigned long long device, size_t bytes) = nullptr;
  int (*error_string)(int error, const char** text) = nullptr;
  int (*memory)(size_t* free, size_t* total) = nullptr;
};

// What an engine that was built on one board asks of another.
struct CudaModel {
  std::string name;  // empty: the driver does not tell
  int major = 0;     // of the compute capability
  int minor = 0;
  int multiprocessors = 0;
  size_t memory_bytes = 0;
};

struct CudaDevice {
  std::string uuid;  // 'GPU-8f0f…' or, of an instance of a divided GPU, 'MIG-…', as NVML writes it; empty: no device
  std::string pci_bus_id;  // '00000000:01:00.0'
  int ordinal = 0;
  CudaModel model;
  // The device's primary context, which is ONNX Runtime's too; held for as long as anybody holds this.
  std::shared_ptr<void> context;
  CudaCalls calls;

  [[nodiscard]] bool present() const noexcept { return calls.synchronise != nullptr; }

  // All of these work on this device, whichever was current on this thread before, and return when it is done. Nothing
  // without a device.
  [[nodiscard]] Status synchronise() const;
  Status copy_in(void* device, const void* host, size_t bytes) const;
  Status copy_out(void* host, const void* device, size_t bytes) const;
  [[nodiscard]] DeviceMemory memory() const noexcept;
  // One of several copies: the last part may still be under way, `synchronise` waits for it,
  Status send(void* device, const void* host, size_t bytes) const;
  // and of work that is known to be done: nothing is waited for but the copy.
  Status receive(void* host, const void* device, size_t bytes) const;

 private:
  [[nodiscard]] Status enter() const;
};

// A context that has failed for good is the process's only one on its device, so all sessions there are lost together.
void lose_device(const std::string& uuid, const Status& failure);
// The failure by which it was lost; ok: it was not.
Status lost_device(const std::string& uuid);

// Opens the driver (`library` is libcuda.so.1, or a path) and names the device with this ordinal, which counts
// within CUDA_VISIBLE_DEVICES.
Status find_cuda_device(int ordinal, CudaDevice& out, const std::string& library = "libcuda.so.1");

}  // namespace mj::ort
