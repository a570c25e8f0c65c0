#pragma once

#include <memory>

#include "bind/energy_meter.h"

namespace mj::bind {

// recordSteps(channel, durationNs) of NativeMeter: resolves to a NativeStepRecord.
Napi::Value record_steps(const Napi::CallbackInfo& info, const std::shared_ptr<MeterHandle>& handle);

}  // namespace mj::bind
