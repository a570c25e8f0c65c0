#pragma once

// Which GPU a CUDA ordinal is, in NVML's terms, and a wait for it: NVML's order differs from CUDA's.
#include <string>

#include "base/status.h"

namespace mj::ort {

struct CudaDevice {
  std::string uuid;        // 'GPU-8f0f…', as NVML writes it
  std::string pci_bus_id;  // '00000000:01:00.0'

  // Waits until the context current on this thread has done its work; nothing without a device.
  void synchronise() const noexcept {
    if (synchronise_context != nullptr) synchronise_context();
  }
  int (*synchronise_context)() = nullptr;
};

// Opens the driver (`library` is libcuda.so.1, or a path) and names the device with this ordinal, which counts
// within CUDA_VISIBLE_DEVICES.
Status find_cuda_device(int ordinal, CudaDevice& out, const std::string& name = "libcuda.so.1");

}  // namespace mj::ort
