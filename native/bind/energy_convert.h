#pragma once

#include <string>
#include <vector>

#include "bind/napi_setup.h"
#include "energy/meter.h"

namespace mj::bind {

energy::MeterOptions meter_options(const Napi::Object& options);
energy::Roots roots(const Napi::Value& value);

Napi::Float64Array doubles(Napi::Env env, const std::vector<double>& values);
void set_unsupported(Napi::Object& object, const Status& status);
Napi::Object device_object(Napi::Env env, const energy::DeviceInfo& device);
Napi::Array strings(Napi::Env env, const std::vector<std::string>& values);
int64_t instant(const Napi::Value& value);
energy::ResolutionRequest resolution_request(const Napi::Object& request);

Napi::Value channels(Napi::Env env, const energy::MeterData& data);
Napi::Value devices(Napi::Env env, const std::vector<energy::DeviceInfo>& list);
Napi::Value resolved(Napi::Env env, const energy::Resolution& resolution);
Napi::Value snapshot(Napi::Env env, const energy::MeterData& data, int64_t a, int64_t b);
Napi::Value conditions(Napi::Env env, const energy::MeterData& data, int64_t a, int64_t b);
Napi::Value statistics(Napi::Env env, const std::vector<energy::ThreadReport>& threads);
Napi::Value timing(Napi::Env env, const energy::MeterData& data);

}  // namespace mj::bind
