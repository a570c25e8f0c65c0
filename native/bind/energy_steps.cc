#include "bind/energy_steps.h"

#include "bind/settlement.h"
#include "energy/step_recorder.h"
#include "energy/window_faults.h"

namespace mj::bind {

namespace {

struct Recorded {
  Status status;
  energy::StepRecord record;
};

// Of each element, as doubles.
template <typename Elements, typename Value>
Napi::Float64Array column(Napi::Env env, const Elements& elements, Value value) {
  Napi::Float64Array out = Napi::Float64Array::New(env, elements.size());
  for (size_t i = 0; i < elements.size(); ++i) out.Data()[i] = value(elements[i]);
  return out;
}

Napi::Value step_record(Napi::Env env, const energy::StepRecord& record) {
  const auto since_start_ms = [&record](int64_t t) { return static_cast<double>(t - record.start) / kNsPerMs; };
  using energy::Edge;
  using energy::StepPower;
  Napi::Object object = Napi::Object::New(env);
  object.Set("startNs", Napi::BigInt::New(env, record.start));
  object.Set("endNs", Napi::BigInt::New(env, record.end));
  object.Set("reads", static_cast<double>(record.reads));
  object.Set("missedUpdates", static_cast<double>(record.missed));
  object.Set("tBeforeMs", column(env, record.steps, [&](const Edge& step) { return since_start_ms(step.lo); }));
  object.Set("tAfterMs", column(env, record.steps, [&](const Edge& step) { return since_start_ms(step.hi); }));
  object.Set("joules", column(env, record.steps, [](const Edge& step) { return step.joules; }));
  object.Set("watts", column(env, record.powers, [](const StepPower& power) { return power.watts; }));
  object.Set("wattsUncertainty", column(env, record.powers, [](const StepPower& power) { return power.uncertainty; }));
  object.Set("readP50Us", record.read_p50_us);
  object.Set("readP99Us", record.read_p99_us);
  object.Set("cause", energy::cause_name(energy::cause_of(record.fault)));
  return object;
}

}  // namespace

Napi::Value record_steps(const Napi::CallbackInfo& info, const std::shared_ptr<MeterHandle>& handle) {
  const energy::MeterData& data = handle->require(info.Env()).data();
  const energy::MeterChannel& channel = data.channels.at(info[0].As<Napi::Number>().Uint32Value());
  const int64_t duration_ns = info[1].As<Napi::Number>().Int64Value();
  const auto work = [channel, duration_ns, released = handle->released] {
    Recorded recorded;
    recorded.status = energy::record_steps(channel, duration_ns, *released, recorded.record);
    return recorded;
  };
  return run_on_thread<Recorded>(info.Env(), "microjoule:steps", work,
                                 [](Napi::Env env, const Napi::Promise::Deferred& deferred, Recorded& recorded) {
                                   if (recorded.status.ok()) {
                                     deferred.Resolve(step_record(env, recorded.record));
                                   } else {
                                     deferred.Reject(to_error(env, recorded.status));
                                   }
                                 });
}

}  // namespace mj::bind
