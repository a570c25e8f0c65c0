#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "ort/handles.h"

namespace mj::ort {

// An execution provider with its options as they go to ONNX Runtime: whole, as strings.
struct ProviderRequest {
  std::string name;  // 'cpu', 'cuda', 'tensorrt', or what SessionOptionsAppendExecutionProvider takes
  std::vector<std::string> keys;
  std::vector<std::string> values;
};

// Its value of `device_id`, the CUDA ordinal; 0 where it is not given.
int device_ordinal(const ProviderRequest& provider);
bool on_cuda(const ProviderRequest& provider) noexcept;

// Whether every file the provider needs is there, and loads them: ONNX Runtime would report a missing one on stderr.
Status prepare_provider(const std::string& name, const std::string& library_folder);

// Prepares the provider and appends it.
Status append_provider(abi::SessionOptions* options, const ProviderRequest& provider);

}  // namespace mj::ort
