#include "ort/value.h"

#include <cstring>

#include "ort/error.h"

namespace mj::ort {

const char* type_name(abi::ElementType type) noexcept {
  switch (type) {
    case abi::kFloat32:
      return "float32";
    case abi::kUint8:
      return "uint8";
    case abi::kInt8:
      return "int8";
    case abi::kUint16:
      return "uint16";
    case abi::kInt16:
      return "int16";
    case abi::kInt32:
      return "int32";
    case abi::kInt64:
      return "int64";
    case abi::kString:
      return "string";
    case abi::kBool:
      return "bool";
    case abi::kFloat16:
      return "float16";
    case abi::kFloat64:
      return "float64";
    case abi::kUint32:
      return "uint32";
    case abi::kUint64:
      return "uint64";
    case abi::kUint4:
      return "uint4";
    case abi::kInt4:
      return "int4";
    default:
      return nullptr;
  }
}

size_t byte_size(abi::ElementType type, size_t elements) noexcept {
  switch (type) {
    case abi::kUint4:
    case abi::kInt4:
      return (elements + 1) / 2;
    case abi::kUint8:
    case abi::kInt8:
    case abi::kBool:
      return elements;
    case abi::kUint16:
    case abi::kInt16:
    case abi::kFloat16:
      return elements * 2;
    case abi::kFloat32:
    case abi::kInt32:
    case abi::kUint32:
      return elements * 4;
    case abi::kFloat64:
    case abi::kInt64:
    case abi::kUint64:
      return elements * 8;
    default:
      return 0;
  }
}

size_t element_count(const Shape& shape) noexcept {
  size_t count = 1;
  for (const int64_t dim : shape) count *= static_cast<size_t>(dim);
  return count;
}

Status borrow_tensor(abi::ElementType type, const Shape& shape, void* data, size_t bytes, Owned<abi::Value>& value) {
  return take(api().CreateTensorWithDataAsOrtValue(library().cpu_memory, data, bytes, shape.data(), shape.size(), type,
                                                   out(value)));
}

Status make_tensor(abi::Allocator* allocator, abi::ElementType type, const Shape& shape, Owned<abi::Value>& value) {
  return take(api().CreateTensorAsOrtValue(allocator, shape.data(), shape.size(), type, out(value)));
}

Status copy_tensor(abi::Allocator* allocator, abi::ElementType type, const Shape& shape, const void* data, size_t bytes,
                   Owned<abi::Value>& value) {
  if (Status status = make_tensor(allocator, type, shape, value); !status.ok()) return status;
  if (bytes == 0) return {};
  void* target = nullptr;
  MJ_ORT_RETURN(api().GetTensorMutableData(value.get(), &target));
  std::memcpy(target, data, bytes);
  return {};
}

Status string_tensor(const Shape& shape, const std::vector<std::string>& strings, Owned<abi::Value>& value) {
  if (Status status = make_tensor(library().allocator, abi::kString, shape, value); !status.ok()) return status;
  std::vector<const char*> pointers;
  pointers.reserve(strings.size());
  for (const std::string& text : strings) pointers.push_back(text.c_str());
  return take(api().FillStringTensor(value.get(), pointers.data(), pointers.size()));
}

Status view(abi::Value* value, TensorView& tensor) {
  Owned<abi::TensorInfo> info;
  MJ_ORT_RETURN(api().GetTensorTypeAndShape(value, out(info)));
  MJ_ORT_RETURN(api().GetTensorElementType(info.get(), &tensor.type));
  size_t rank = 0;
  MJ_ORT_RETURN(api().GetDimensionsCount(info.get(), &rank));
  tensor.shape.resize(rank);
  MJ_ORT_RETURN(api().GetDimensions(info.get(), tensor.shape.data(), rank));
  tensor.bytes = byte_size(tensor.type, element_count(tensor.shape));
  tensor.data = nullptr;
  if (tensor.type == abi::kString) return {};
  return take(api().GetTensorMutableData(value, &tensor.data));
}

Status read_strings(const abi::Value* value, size_t count, std::vector<std::string>& strings) {
  size_t total = 0;
  MJ_ORT_RETURN(api().GetStringTensorDataLength(value, &total));
  std::string text(total, '\0');
  std::vector<size_t> offsets(count + 1, total);
  if (count > 0) MJ_ORT_RETURN(api().GetStringTensorContent(value, text.data(), total, offsets.data(), count));
  strings.clear();
  strings.reserve(count);
  for (size_t i = 0; i < count; ++i) strings.push_back(text.substr(offsets[i], offsets[i + 1] - offsets[i]));
  return {};
}

}  // namespace mj::ort
