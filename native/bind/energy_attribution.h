#pragma once

#include <memory>

#include "bind/energy_meter.h"

namespace mj::bind {

// attribute(request) of NativeMeter: computed on a thread of its own.
Napi::Value attribute(const Napi::CallbackInfo& info, const std::shared_ptr<MeterHandle>& handle);

}  // namespace mj::bind
