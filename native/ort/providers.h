#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "ort/cuda_device.h"
#include "ort/handles.h"

namespace mj::ort {

// An execution provider with its options as they go to ONNX Runtime: whole, as strings.
struct ProviderRequest {
  std::string name;  // 'cpu', 'cuda', 'tensorrt', a plugin's, or what SessionOptionsAppendExecutionProvider takes
  std::vector<std::string> keys;
  std::vector<std::string> values;
  std::vector<std::string> folders;  // where the libraries that it needs are looked for
};

constexpr const char* kDeviceId = "device_id";

// Its value of `device_id`, the CUDA ordinal, of a plugin the number among its devices; 0 where it is not given.
int device_ordinal(const ProviderRequest& provider);
bool on_cuda(const ProviderRequest& provider) noexcept;
// Of one that is on CUDA, once it has been appended.
Status find_device(const ProviderRequest& provider, CudaDevice& out);

// Opens what the provider needs, since ONNX Runtime would report a missing library on stderr, and appends it.
Status append_provider(abi::SessionOptions* options, const ProviderRequest& provider);

}  // namespace mj::ort
