#pragma once

// Tensors as ONNX Runtime holds them.
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "ort/handles.h"

namespace mj::ort {

// 'float32', as onnxruntime-common names it; null for types it does not know.
const char* type_name(abi::ElementType type) noexcept;

// Bytes of so many elements: int4 and uint4 are packed in pairs. 0 for strings.
size_t byte_size(abi::ElementType type, size_t elements) noexcept;

using Shape = std::vector<int64_t>;
size_t element_count(const Shape& shape) noexcept;

// A tensor over memory of the caller's, which must outlive it.
Status borrow_tensor(abi::ElementType type, const Shape& shape, void* data, size_t bytes, Owned<abi::Value>& value);
// A tensor of its own memory, taken from `allocator`, which must outlive it; what it holds is undefined.
Status make_tensor(abi::Allocator* allocator, abi::ElementType type, const Shape& shape, Owned<abi::Value>& value);
// The same in memory that this thread can write; `data` (of byte_size bytes) is copied.
Status copy_tensor(abi::Allocator* allocator, abi::ElementType type, const Shape& shape, const void* data, size_t bytes,
                   Owned<abi::Value>& value);
Status string_tensor(const Shape& shape, const std::vector<std::string>& strings, Owned<abi::Value>& value);

struct TensorView {
  abi::ElementType type = abi::kUndefined;
  Shape shape;
  void* data = nullptr;  // null for strings; in the device's memory an address of the device
  size_t bytes = 0;
};

Status view(abi::Value* value, TensorView& tensor);
inline bool fixed(const Shape& shape) noexcept {
  return std::all_of(shape.begin(), shape.end(), [](int64_t dim) { return dim >= 0; });
}
Status read_strings(const abi::Value* value, size_t count, std::vector<std::string>& strings);

}  // namespace mj::ort
