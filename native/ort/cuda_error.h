#pragma once

// Numbers of CUDA's errors, which the driver (CUresult) and the runtime (cudaError_t) share.
#include <algorithm>
#include <array>

namespace mj::ort {

constexpr int kCudaOutOfMemory = 2;

// The context is gone, and with it all memory of the process on this device; a new process can begin anew. In the order
// of driver_types.h: unloading, devices unavailable, uncorrectable ECC and NVLink errors, contained error, illegal
// address, launch timeout, context destroyed, assert, hardware stack, illegal instruction, misaligned address, invalid
// address space, invalid program counter, launch failure, tensor memory leak, unknown.
inline bool ends_context(int error) noexcept {
  constexpr std::array<int, 17> kErrors{4,   46,  214, 220, 226, 700, 702, 709, 710,
                                        714, 715, 716, 717, 718, 719, 721, 999};
  return std::find(kErrors.begin(), kErrors.end(), error) != kErrors.end();
}

constexpr char kDeviceLostRemedy[] =
    "Start the process again: CUDA gives it no other context on this device. Look at the driver's log (dmesg, "
    "nvidia-smi).";

}  // namespace mj::ort
