#include "bind/ort_tensors.h"

#include <cstring>
#include <string>
#include <utility>

namespace mj::bind {

namespace {

using ort::Owned;
using ort::Shape;
namespace abi = ort::abi;

// Outputs from this size on are handed over without a copy, where the engine allows external buffers.
constexpr size_t kExternalFrom = 256 << 10;

Status bad(const char* what) { return {Code::kInternal, std::string("The addon was given ") + what + "."}; }

napi_value element(Napi::Env env, napi_value list, uint32_t index) {
  napi_value value = nullptr;
  napi_get_element(env, list, index, &value);
  return value;
}

bool is_undefined(Napi::Env env, napi_value value) {
  napi_valuetype type = napi_undefined;
  napi_typeof(env, value, &type);
  return type == napi_undefined;
}

uint32_t list_length(Napi::Env env, napi_value list) {
  uint32_t length = 0;
  return napi_get_array_length(env, list, &length) == napi_ok ? length : 0;
}

bool read_shape(Napi::Env env, napi_value dims, Shape& shape) {
  uint32_t rank = 0;
  if (napi_get_array_length(env, dims, &rank) != napi_ok) return false;
  shape.resize(rank);
  for (uint32_t i = 0; i < rank; ++i) {
    if (napi_get_value_int64(env, element(env, dims, i), &shape[i]) != napi_ok || shape[i] < 0) return false;
  }
  return true;
}

size_t element_size(napi_typedarray_type type) noexcept {
  switch (type) {
    case napi_int8_array:
    case napi_uint8_array:
    case napi_uint8_clamped_array:
      return 1;
    case napi_int16_array:
    case napi_uint16_array:
      return 2;
    case napi_int32_array:
    case napi_uint32_array:
    case napi_float32_array:
      return 4;
    default:
      return 8;
  }
}

bool read_bytes(Napi::Env env, napi_value data, void*& bytes, size_t& size) {
  napi_typedarray_type type{};
  size_t length = 0;
  if (napi_get_typedarray_info(env, data, &type, &length, &bytes, nullptr, nullptr) != napi_ok) return false;
  size = length * element_size(type);
  return true;
}

bool read_string(Napi::Env env, napi_value value, std::string& text) {
  size_t length = 0;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok) return false;
  text.resize(length);
  return napi_get_value_string_utf8(env, value, text.data(), length + 1, &length) == napi_ok;
}

Status read_string_tensor(Napi::Env env, napi_value data, const Shape& shape, Owned<abi::Value>& out) {
  const size_t count = ort::element_count(shape);
  if (list_length(env, data) < count) return bad("too few strings");
  std::vector<std::string> strings(count);
  for (size_t i = 0; i < count; ++i) {
    if (!read_string(env, element(env, data, static_cast<uint32_t>(i)), strings[i])) return bad("no string");
  }
  return ort::string_tensor(shape, strings, out);
}

struct Array {
  napi_typedarray_type type;
  size_t size;
};

Array array_of(abi::ElementType type) noexcept {
  switch (type) {
    case abi::kFloat32:
      return {napi_float32_array, 4};
    case abi::kInt8:
    case abi::kInt4:
      return {napi_int8_array, 1};
    case abi::kUint16:
    case abi::kFloat16:
      return {napi_uint16_array, 2};
    case abi::kInt16:
      return {napi_int16_array, 2};
    case abi::kInt32:
      return {napi_int32_array, 4};
    case abi::kInt64:
      return {napi_bigint64_array, 8};
    case abi::kFloat64:
      return {napi_float64_array, 8};
    case abi::kUint32:
      return {napi_uint32_array, 4};
    case abi::kUint64:
      return {napi_biguint64_array, 8};
    default:
      return {napi_uint8_array, 1};
  }
}

// The buffer owns the value from here on.
bool lend_value(Napi::Env env, const ort::TensorView& tensor, Owned<abi::Value>& value, napi_value& buffer) {
  const auto release = [](napi_env, void*, void* held) {
    const Owned<abi::Value> owner(static_cast<abi::Value*>(held));
  };
  abi::Value* lent = value.release();
  const napi_status status = napi_create_external_arraybuffer(env, tensor.data, tensor.bytes, release, lent, &buffer);
  if (status != napi_ok) value.reset(lent);
  return status == napi_ok;
}

bool write_bytes(Napi::Env env, const ort::TensorView& tensor, Owned<abi::Value>& value, napi_value& out) {
  napi_value buffer = nullptr;
  if (tensor.bytes < kExternalFrom || !lend_value(env, tensor, value, buffer)) {
    void* target = nullptr;
    if (napi_create_arraybuffer(env, tensor.bytes, &target, &buffer) != napi_ok) return false;
    if (tensor.bytes > 0) std::memcpy(target, tensor.data, tensor.bytes);
  }
  const Array array = array_of(tensor.type);
  return napi_create_typedarray(env, array.type, tensor.bytes / array.size, buffer, 0, &out) == napi_ok;
}

Status write_strings(Napi::Env env, const ort::TensorView& tensor, const Owned<abi::Value>& value, napi_value& out) {
  std::vector<std::string> strings;
  Status status = ort::read_strings(value.get(), ort::element_count(tensor.shape), strings);
  if (!status.ok()) return status;
  Napi::Array list = Napi::Array::New(env, strings.size());
  for (size_t i = 0; i < strings.size(); ++i) {
    list.Set(static_cast<uint32_t>(i), Napi::String::New(env, strings[i]));
  }
  out = list;
  return {};
}

napi_value write_shape(Napi::Env env, const Shape& shape) {
  napi_value dims = nullptr;
  napi_create_array_with_length(env, shape.size(), &dims);
  for (size_t i = 0; i < shape.size(); ++i) {
    napi_value dim = nullptr;
    napi_create_int64(env, shape[i], &dim);
    napi_set_element(env, dims, static_cast<uint32_t>(i), dim);
  }
  return dims;
}

}  // namespace

Status read_feed(Napi::Env env, napi_value feed, const ort::Model& model, Storage storage, ort::Bindings& out,
                 std::vector<napi_value>& borrowed) {
  const uint32_t length = list_length(env, feed);
  out.inputs.reserve(length / 3);
  out.input_names.reserve(length / 3);
  for (uint32_t i = 0; i + 2 < length; i += 3) {
    uint32_t index = 0;
    napi_get_value_uint32(env, element(env, feed, i), &index);
    if (index >= model.inputs().size()) return bad("an input index out of range");
    const ort::ValueInfo& info = model.inputs()[index];
    const napi_value data = element(env, feed, i + 1);
    const napi_value dims = element(env, feed, i + 2);

    Shape own;
    const bool fixed = is_undefined(env, dims);
    if (!fixed && !read_shape(env, dims, own)) return bad("dims that are none");
    const Shape& shape = fixed ? info.shape : own;

    Owned<abi::Value> value;
    Status status;
    if (info.type == abi::kString) {
      status = read_string_tensor(env, data, shape, value);
    } else {
      void* bytes = nullptr;
      size_t size = 0;
      const size_t needed = ort::byte_size(info.type, ort::element_count(shape));
      if (!read_bytes(env, data, bytes, size) || size < needed) return bad("too little data");
      const bool small = needed <= kCopyLimit && storage == Storage::kBorrowLarge;
      if (small || storage == Storage::kCopyAlways) {
        status = ort::copy_tensor(model.allocator(needed), info.type, shape, bytes, needed, value);
      } else {
        status = ort::borrow_tensor(info.type, shape, bytes, needed, value);
        borrowed.push_back(data);
      }
    }
    if (!status.ok()) return status;
    out.input_names.push_back(info.name.c_str());
    out.inputs.push_back(std::move(value));
  }
  return {};
}

Status read_fetch(Napi::Env env, napi_value fetch, napi_value into, const ort::Model& model, ort::Bindings& out,
                  std::vector<size_t>& fetched, std::vector<napi_value>& borrowed) {
  const size_t all = model.outputs().size();
  if (is_undefined(env, fetch)) {
    for (size_t i = 0; i < all; ++i) fetched.push_back(i);
  } else {
    const uint32_t length = list_length(env, fetch);
    for (uint32_t i = 0; i < length; ++i) {
      uint32_t index = 0;
      napi_get_value_uint32(env, element(env, fetch, i), &index);
      if (index >= all) return bad("an output index out of range");
      fetched.push_back(index);
    }
  }
  for (const size_t index : fetched) out.output_names.push_back(model.outputs()[index].name.c_str());
  out.outputs.resize(fetched.size());
  if (is_undefined(env, into)) return {};

  const uint32_t length = list_length(env, into);
  for (uint32_t i = 0; i + 2 < length; i += 3) {
    uint32_t position = 0;
    napi_get_value_uint32(env, element(env, into, i), &position);
    if (position >= fetched.size()) return bad("an output position out of range");
    const abi::ElementType type = model.outputs()[fetched[position]].type;
    const napi_value data = element(env, into, i + 1);
    Shape shape;
    void* bytes = nullptr;
    size_t size = 0;
    if (!read_shape(env, element(env, into, i + 2), shape) || !read_bytes(env, data, bytes, size)) {
      return bad("an output tensor that is none");
    }
    const size_t needed = ort::byte_size(type, ort::element_count(shape));
    if (size < needed) return bad("too little room for an output");
    Status status = ort::borrow_tensor(type, shape, bytes, needed, out.outputs[position]);
    if (!status.ok()) return status;
    borrowed.push_back(data);
    out.written_into.push_back(position);
  }
  return {};
}

Status write_outputs(Napi::Env env, const ort::Model& model, const std::vector<size_t>& fetched,
                     ort::Bindings& bindings, napi_value& out) {
  napi_create_array_with_length(env, fetched.size() * 2, &out);
  for (const size_t position : bindings.written_into) bindings.outputs[position].reset();
  for (size_t i = 0; i < fetched.size(); ++i) {
    Owned<abi::Value>& value = bindings.outputs[i];
    if (!value) continue;
    ort::TensorView tensor;
    if (Status status = ort::view(value.get(), tensor); !status.ok()) return status;
    napi_value data = nullptr;
    if (tensor.type == abi::kString) {
      if (Status status = write_strings(env, tensor, value, data); !status.ok()) return status;
    } else if (!write_bytes(env, tensor, value, data)) {
      return {Code::kOutOfMemory, "There is no memory for an output of " + std::to_string(tensor.bytes) + " bytes.",
              "Use a smaller batch."};
    }
    const auto place = static_cast<uint32_t>(2 * i);
    napi_set_element(env, out, place, data);
    if (tensor.shape != model.outputs()[fetched[i]].shape) {
      napi_set_element(env, out, place + 1, write_shape(env, tensor.shape));
    }
  }
  return {};
}

}  // namespace mj::bind
