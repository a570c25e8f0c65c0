#pragma once

#include "bind/napi_setup.h"
#include "energy/counter_probe.h"
#include "energy/nvml_device.h"

namespace mj::bind {

// How each board is set up; what the driver does not tell is null.
Napi::Value board_states(Napi::Env env, const energy::NvmlDevices& found);
Napi::Value counter_probe(Napi::Env env, const energy::CounterProbe& probe);

// Names of the closed list of causes, for the test that compares it with TypeScript's.
Napi::Value rapl_causes(const Napi::CallbackInfo& info);

}  // namespace mj::bind
