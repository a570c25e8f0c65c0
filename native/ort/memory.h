#pragma once

// Where tensors lie, and what allocates them there.
#include "base/status.h"
#include "ort/handles.h"

namespace mj::ort {

enum class Place : int { kCpu, kPinned, kDevice };  // as NativePlace of src/native.ts counts them
constexpr size_t kPlaces = 3;

struct Memory {
  Owned<abi::MemoryInfo> info;
  Owned<abi::Allocator> allocator;
};

// Memory of a session on the GPU with this CUDA ordinal.
Status make_memory(const abi::Session* session, Place place, int ordinal, Memory& memory);

}  // namespace mj::ort
