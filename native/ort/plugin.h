#pragma once

// Execution providers that ONNX Runtime takes in by registration (RegisterExecutionProviderLibrary, from 1.22 on).
#include <string>

#include "base/status.h"
#include "ort/cuda_device.h"
#include "ort/plugin_libraries.h"
#include "ort/providers.h"

namespace mj::ort {

// Registers the library for the life of the process and appends the provider on the device that `device_id` counts to
// among those that the library offers; none offered is an error.
Status append_plugin(abi::SessionOptions* options, const ProviderRequest& provider, const std::string& file);

// That device in the driver's terms; left empty where nothing tells which one it is.
Status find_plugin_device(const ProviderRequest& provider, CudaDevice& out);

}  // namespace mj::ort
