#pragma once

#include "bind/napi_setup.h"
#include "energy/counter_probe.h"

namespace mj::bind {

Napi::Value counter_probe(Napi::Env env, const energy::CounterProbe& probe);

// Names of the closed list of causes, for the test that compares it with TypeScript's.
Napi::Value rapl_causes(const Napi::CallbackInfo& info);

}  // namespace mj::bind
