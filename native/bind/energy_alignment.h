#pragma once

#include <memory>

#include "bind/energy_meter.h"

namespace mj::bind {

// align() of NativeMeter: a NativeAlignment, opened.
Napi::Value align(const Napi::CallbackInfo& info, const std::shared_ptr<MeterHandle>& handle);

}  // namespace mj::bind
