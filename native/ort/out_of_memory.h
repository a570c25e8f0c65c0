#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"

namespace mj::ort {

// Bytes that a text of ONNX Runtime, CUDA or TensorRT tells about an allocation that failed; -1: not told.
struct AllocationSizes {
  int64_t requested = -1;
  int64_t left_of_limit = -1;  // of the provider's gpu_mem_limit
};
AllocationSizes allocation_sizes(const std::string& text);

// Of a device; -1: not told.
struct DeviceMemory {
  int64_t free = -1;
  int64_t total = -1;
};

// An allocation that failed in a session on a device, with what is known of its size and of what there was.
Status out_of_device_memory(const Status& failure, const DeviceMemory& device);

// '1.50 GiB'
std::string bytes_text(int64_t bytes);

}  // namespace mj::ort
