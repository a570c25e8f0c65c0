#include "ort/out_of_memory.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

namespace mj::ort {

namespace {

int64_t number_after(const std::string& text, const char* words) {
  const size_t at = text.find(words);
  if (at == std::string::npos) return -1;
  const char* digits = text.c_str() + at + std::string(words).size();
  char* end = nullptr;
  const long long value = std::strtoll(digits, &end, 10);
  return end == digits ? -1 : value;
}

// Page-locked memory and the heap are the host's.
bool of_host(const std::string& text) {
  constexpr std::array<const char*, 4> kWords{"bad_alloc", "cudaMallocHost", "cudaHostAlloc", "HOST_ALLOCATION_FAILED"};
  return std::any_of(kWords.begin(), kWords.end(),
                     [&text](const char* words) { return text.find(words) != std::string::npos; });
}

}  // namespace

AllocationSizes allocation_sizes(const std::string& text) {
  AllocationSizes sizes;
  sizes.left_of_limit = number_after(text, "Available memory of ");
  // The arena's two sentences, and TensorRT's.
  for (const char* words : {"requested buffer of size ", "smaller than requested bytes of ", "Requested size was "}) {
    if (sizes.requested < 0) sizes.requested = number_after(text, words);
  }
  return sizes;
}

std::string bytes_text(int64_t bytes) {
  constexpr std::array<const char*, 4> kUnits{"B", "KiB", "MiB", "GiB"};
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), unit == 0 ? "%.0f %s" : "%.2f %s", value, kUnits[unit]);
  return text.data();
}

Status out_of_device_memory(const Status& failure, const DeviceMemory& device) {
  if (of_host(failure.message)) return failure;
  const AllocationSizes sizes = allocation_sizes(failure.message);
  std::string message = "The device is out of memory";
  if (sizes.requested >= 0) message += ": " + bytes_text(sizes.requested) + " more were asked for";
  if (sizes.left_of_limit >= 0) message += ", " + bytes_text(sizes.left_of_limit) + " of gpu_mem_limit are left";
  if (device.total > 0) message += "; " + bytes_text(device.free) + " of " + bytes_text(device.total) + " are free";
  message += ". " + failure.message;
  return {Code::kOutOfDeviceMemory, message,
          sizes.left_of_limit >= 0
              ? "Use a smaller batch, or raise the provider's gpu_mem_limit."
              : "Use a smaller batch, or free memory on the device: a session keeps what it has allocated until its "
                "release, and other processes may hold some (nvidia-smi)."};
}

}  // namespace mj::ort
