#include <memory>

#include "bind/energy_convert.h"
#include "bind/energy_meter.h"
#include "bind/energy_probe.h"
#include "bind/settlement.h"
#include "energy/nvml_device.h"

namespace mj::bind {

namespace {

struct Opened {
  Status status;
  std::shared_ptr<energy::Meter> meter;
};

Napi::Value open_meter(const Napi::CallbackInfo& info) {
  const auto object = info[0].As<Napi::Object>();
  const energy::MeterOptions options = meter_options(object);
  const bool shared = object.Get("shared").As<Napi::Boolean>();
  const auto work = [options, shared] {
    Opened opened;
    opened.status =
        shared ? energy::Meter::open_shared(options, opened.meter) : energy::Meter::open(options, opened.meter);
    return opened;
  };
  return run_on_thread<Opened>(info.Env(), "microjoule:open", work,
                               [](Napi::Env env, const Napi::Promise::Deferred& deferred, Opened& opened) {
                                 if (opened.status.ok()) {
                                   deferred.Resolve(make_meter_object(env, std::move(opened.meter)));
                                 } else {
                                   deferred.Reject(to_error(env, opened.status));
                                 }
                               });
}

Napi::Value probe_counters(const Napi::CallbackInfo& info) {
  const auto object = info[0].As<Napi::Object>();
  const bool timing = object.Get("timing").As<Napi::Boolean>();
  const auto work = [where = roots(object.Get("roots")), timing] { return energy::probe_counters(where, timing); };
  return run_on_thread<energy::CounterProbe>(
      info.Env(), "microjoule:probe", work,
      [](Napi::Env env, const Napi::Promise::Deferred& deferred, energy::CounterProbe& probe) {
        deferred.Resolve(counter_probe(env, probe));
      });
}

Napi::Value read_boards(const Napi::CallbackInfo& info) {
  // Nothing that changes by itself is tried, so that it takes little of a driver's time.
  const auto work = [where = roots(info[0].As<Napi::Object>())] {
    return energy::open_nvml_devices(where.nvml, energy::NvmlCall::kPowerLimit);
  };
  return run_on_thread<energy::NvmlDevices>(
      info.Env(), "microjoule:boards", work,
      [](Napi::Env env, const Napi::Promise::Deferred& deferred, energy::NvmlDevices& found) {
        deferred.Resolve(board_states(env, found));
      });
}

}  // namespace

void register_energy(Napi::Env env, Napi::Object exports) {
  exports.Set("openMeter", Napi::Function::New(env, open_meter, "openMeter"));
  exports.Set("probeCounters", Napi::Function::New(env, probe_counters, "probeCounters"));
  exports.Set("boardStates", Napi::Function::New(env, read_boards, "boardStates"));
  exports.Set("raplCauses", Napi::Function::New(env, rapl_causes, "raplCauses"));
}

}  // namespace mj::bind
