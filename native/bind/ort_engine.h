#pragma once

#include "bind/napi_setup.h"

namespace mj::bind {

// engineTarget(runtimeFolder, folders, ordinal): what a TensorRT engine is built with and for.
Napi::Value engine_target(const Napi::CallbackInfo& info);

}  // namespace mj::bind
