#pragma once

#include <vector>

#include "ort/model.h"

namespace mj::ort {

// ONNX Runtime's session options from ours, providers left out.
Status make_session_options(const ModelOptions& options, Owned<abi::SessionOptions>& result);

}  // namespace mj::ort
