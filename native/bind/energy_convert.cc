#include "bind/energy_convert.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "bind/energy_calibration.h"

namespace mj::bind {

using energy::MeterData;

namespace {

std::vector<std::string> string_list(const Napi::Value& value) {
  std::vector<std::string> out;
  const auto array = value.As<Napi::Array>();
  out.reserve(array.Length());
  for (uint32_t i = 0; i < array.Length(); ++i) out.push_back(array.Get(i).As<Napi::String>());
  return out;
}

Napi::Value numbers(Napi::Env env, const std::vector<double>& values) {
  Napi::Array out = Napi::Array::New(env, values.size());
  for (uint32_t i = 0; i < values.size(); ++i) out.Set(i, values[i]);
  return out;
}

// One series of `count` samples, filled by `sample(i, t_before, t_after, value)`.
template <typename Sample>
Napi::Object series(Napi::Env env, const energy::ChannelInfo& info, const char* unit, size_t count, Sample sample) {
  Napi::BigInt64Array before = Napi::BigInt64Array::New(env, count);
  Napi::BigInt64Array after = Napi::BigInt64Array::New(env, count);
  Napi::Float64Array value = Napi::Float64Array::New(env, count);
  for (size_t i = 0; i < count; ++i) sample(i, before.Data()[i], after.Data()[i], value.Data()[i]);
  Napi::Object object = Napi::Object::New(env);
  object.Set("id", info.id);
  object.Set("source", info.method);
  object.Set("unit", unit);
  object.Set("tBeforeNs", before);
  object.Set("tAfterNs", after);
  object.Set("value", value);
  return object;
}

const char* other_work_name(energy::OtherWork work) {
  switch (work) {
    case energy::OtherWork::kNone:
      return "none";
    case energy::OtherWork::kBusy:
      return "busy";
    case energy::OtherWork::kUnknown:
      break;
  }
  return "unknown";
}

}  // namespace

Napi::Float64Array doubles(Napi::Env env, const std::vector<double>& values) {
  Napi::Float64Array out = Napi::Float64Array::New(env, values.size());
  std::copy(values.begin(), values.end(), out.Data());
  return out;
}

void set_unsupported(Napi::Object& object, const Status& status) {
  if (status.ok()) return;
  Napi::Object unsupported = Napi::Object::New(object.Env());
  unsupported.Set("code", code_name(status.code));
  unsupported.Set("reason", status.message);
  unsupported.Set("remedy", status.remedy);
  object.Set("unsupported", unsupported);
}

Napi::Object device_object(Napi::Env env, const energy::DeviceInfo& device) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("id", device.id);
  object.Set("index", device.index);
  object.Set("name", device.name);
  object.Set("uuid", device.uuid);
  object.Set("pciBusId", device.pci_bus_id);
  object.Set("mig", device.mig ? Napi::Value(Napi::Boolean::New(env, *device.mig)) : env.Null());
  return object;
}

energy::Roots roots(const Napi::Value& value) {
  const auto object = value.As<Napi::Object>();
  const auto text = [&](const char* key) { return std::string(object.Get(key).As<Napi::String>()); };
  return {text("nvml"), text("powercap"), text("perf"), text("msr"), text("sys"), text("proc")};
}

energy::MeterOptions meter_options(const Napi::Object& options) {
  energy::MeterOptions out;
  out.sources = string_list(options.Get("sources"));
  out.request.devices = string_list(options.Get("devices"));
  out.request.roots = roots(options.Get("roots"));
  out.request.rapl_interface = std::string(options.Get("raplInterface").As<Napi::String>());
  out.request.children_are_ours = options.Get("childrenAreOurs").As<Napi::Boolean>();
  out.history_seconds = options.Get("historySeconds").As<Napi::Number>();
  out.windows_only = options.Get("windowsOnly").As<Napi::Boolean>();
  out.dense = options.Get("dense").As<Napi::Boolean>();
  out.calibrations = calibrations(options.Get("calibrations"));
  return out;
}

Napi::Array strings(Napi::Env env, const std::vector<std::string>& values) {
  Napi::Array out = Napi::Array::New(env, values.size());
  for (uint32_t i = 0; i < values.size(); ++i) out.Set(i, values[i]);
  return out;
}

int64_t instant(const Napi::Value& value) {
  bool lossless = false;
  return value.As<Napi::BigInt>().Int64Value(&lossless);
}

energy::ResolutionRequest resolution_request(const Napi::Object& request) {
  energy::ResolutionRequest out;
  const auto marks = request.Get("marks").As<Napi::BigInt64Array>();
  const int64_t before = request.Get("idleBeforeNs").As<Napi::Number>().Int64Value();
  const int64_t after = request.Get("idleAfterNs").As<Napi::Number>().Int64Value();
  for (size_t i = 0; i + 1 < marks.ElementLength(); i += 2) {
    out.windows.push_back({marks.Data()[i], marks.Data()[i + 1], before, after});
  }
  out.timeout_ns = request.Get("timeoutNs").As<Napi::Number>().Int64Value();
  out.covariance = request.Get("covariance").As<Napi::Boolean>();
  return out;
}

Napi::Value channels(Napi::Env env, const MeterData& data) {
  Napi::Array out = Napi::Array::New(env, data.channels.size());
  for (uint32_t i = 0; i < data.channels.size(); ++i) {
    const energy::MeterChannel& channel = data.channels[i];
    Napi::Object object = Napi::Object::New(env);
    object.Set("id", channel.info.id);
    object.Set("scope", energy::scope_name(channel.info.scope));
    object.Set("index", channel.info.index);
    object.Set("source", channel.family);
    object.Set("method", channel.info.method);
    object.Set("key", channel.info.key);
    object.Set("uuid", channel.info.uuid);
    object.Set("pciBusId", channel.info.pci_bus_id);
    set_unsupported(object, channel.info.unsupported);
    out.Set(i, object);
  }
  return out;
}

Napi::Value devices(Napi::Env env, const std::vector<energy::DeviceInfo>& list) {
  Napi::Array out = Napi::Array::New(env, list.size());
  for (uint32_t i = 0; i < list.size(); ++i) out.Set(i, device_object(env, list[i]));
  return out;
}

Napi::Value resolved(Napi::Env env, const energy::Resolution& resolution) {
  std::vector<std::string> statuses;
  for (int i = 0; i <= static_cast<int>(energy::EstimateStatus::kUnsupported); ++i) {
    statuses.emplace_back(energy::status_name(static_cast<energy::EstimateStatus>(i)));
  }
  std::vector<std::string> causes;
  for (int i = 0; i <= static_cast<int>(energy::Cause::kInconsistent); ++i) {
    causes.emplace_back(energy::cause_name(static_cast<energy::Cause>(i)));
  }
  std::vector<std::string> terms;
  std::vector<std::string> origins;
  std::vector<std::string> distributions;
  for (size_t i = 0; i < energy::kTermCount; ++i) {
    const auto term = static_cast<energy::Term>(i);
    terms.emplace_back(energy::term_name(term));
    origins.emplace_back(energy::term_origin(term));
    distributions.emplace_back(energy::term_distribution(term));
  }
  Napi::Object object = Napi::Object::New(env);
  object.Set("names", strings(env, energy::resolution_names()));
  object.Set("statuses", strings(env, statuses));
  object.Set("causes", strings(env, causes));
  object.Set("terms", strings(env, terms));
  object.Set("origins", strings(env, origins));
  object.Set("distributions", strings(env, distributions));
  object.Set("fields", doubles(env, resolution.fields));
  object.Set("covariance", doubles(env, resolution.covariance));
  return object;
}

Napi::Value snapshot(Napi::Env env, const MeterData& data, int64_t a, int64_t b) {
  Napi::Array out = Napi::Array::New(env);
  uint32_t next = 0;
  for (const energy::MeterChannel& channel : data.channels) {
    if (!channel.series) continue;
    const auto edges = channel.series->edges->snapshot(a, b, 1).edges;
    out.Set(next++,
            series(env, channel.info, "J", edges.size(), [&](size_t i, int64_t& lo, int64_t& hi, double& value) {
              lo = edges[i].lo;
              hi = edges[i].hi;
              value = edges[i].joules;
            }));
  }
  for (const auto& power : data.power) {
    const auto samples = power->power->snapshot(a, b);
    out.Set(next++,
            series(env, power->info, "W", samples.size(), [&](size_t i, int64_t& lo, int64_t& hi, double& value) {
              lo = samples[i].lo;
              hi = samples[i].hi;
              value = samples[i].watts;
            }));
  }
  return out;
}

Napi::Value conditions(Napi::Env env, const MeterData& data, int64_t a, int64_t b) {
  Napi::Array out = Napi::Array::New(env);
  uint32_t next = 0;
  for (const energy::ConditionsReport& report : energy::conditions_between(data, a, b)) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("id", report.id);
    object.Set("temperatureC", numbers(env, report.temperature_c.values));
    object.Set("smClockMHz", numbers(env, report.sm_clock_mhz.values));
    object.Set("memoryClockMHz", numbers(env, report.memory_clock_mhz.values));
    object.Set("gpuUtilisationPercent", numbers(env, report.gpu_utilization_percent.values));
    object.Set("memoryUtilisationPercent", numbers(env, report.memory_utilization_percent.values));
    object.Set("powerLimitW", report.power_limit_w);
    object.Set("throttleMask", static_cast<double>(report.throttle_mask));
    object.Set("throttleKnown", report.throttle_known);
    object.Set("otherWork", other_work_name(report.other_work));
    Napi::Array busy = Napi::Array::New(env, report.busy_pids.size());
    for (uint32_t i = 0; i < report.busy_pids.size(); ++i) busy.Set(i, report.busy_pids[i]);
    object.Set("busyProcesses", busy);
    out.Set(next++, object);
  }
  return out;
}

Napi::Value statistics(Napi::Env env, const std::vector<energy::ThreadReport>& threads) {
  Napi::Array out = Napi::Array::New(env, threads.size());
  for (uint32_t i = 0; i < threads.size(); ++i) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("name", threads[i].name);
    object.Set("cpuMs", threads[i].cpu_ms);
    object.Set("aliveMs", threads[i].alive_ms);
    object.Set("reads", static_cast<double>(threads[i].reads));
    object.Set("late", static_cast<double>(threads[i].late));
    object.Set("dropped", static_cast<double>(threads[i].dropped));
    object.Set("state", energy::sampler_state_name(threads[i].state));
    object.Set("reason", threads[i].reason);
    out.Set(i, object);
  }
  return out;
}

Napi::Value timing(Napi::Env env, const MeterData& data) {
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  Napi::Array out = Napi::Array::New(env, data.channels.size());
  for (uint32_t i = 0; i < data.channels.size(); ++i) {
    const energy::MeterChannel& channel = data.channels[i];
    const energy::CounterTraits traits = data.traits(channel);
    Napi::Object object = Napi::Object::New(env);
    object.Set("periodNs", channel.series ? static_cast<double>(traits.period_ns) : kNone);
    object.Set("decayNs", channel.series ? static_cast<double>(traits.decay_ns) : kNone);
    const bool learned = channel.series && channel.series->learned_period_ns.load() > 0;
    object.Set("learned", learned);
    object.Set("periodUncertaintyNs", learned ? channel.series->learned_period_u_ns.load() : kNone);
    out.Set(i, object);
  }
  return out;
}

}  // namespace mj::bind
