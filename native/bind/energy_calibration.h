#pragma once

#include <memory>
#include <vector>

#include "bind/energy_meter.h"

namespace mj::bind {

// NativeMeterOptions.calibrations.
std::vector<energy::Calibration> calibrations(const Napi::Value& list);

// calibrate(request) of NativeMeter.
Napi::Value calibrate(const Napi::CallbackInfo& info, const std::shared_ptr<MeterHandle>& handle);

}  // namespace mj::bind
