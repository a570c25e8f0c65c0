#include "bind/energy_calibration.h"

#include "bind/settlement.h"

namespace mj::bind {

namespace {

using energy::Calibration;
using energy::CalibrationKind;
using energy::CalibrationResult;
using energy::RingCalibration;

struct Field {
  const char* name;
  double Calibration::* value;
};

constexpr Field kFields[] = {
    {"periodNs", &Calibration::period_ns},
    {"gridJitterNs", &Calibration::grid_jitter_ns},
    {"quantumJ", &Calibration::quantum_j},
    {"timeConstantNs", &Calibration::time_constant_ns},
    {"timeConstantRelativeUncertainty", &Calibration::time_constant_u},
    {"markDelayNs", &Calibration::mark_delay_ns},
    {"phaseSensitivity", &Calibration::phase_sensitivity},
    {"phaseReachNs", &Calibration::phase_reach_ns},
    {"densePhaseSensitivity", &Calibration::dense_phase_sensitivity},
    {"densePhaseReachNs", &Calibration::dense_phase_reach_ns},
    {"displacementNs", &Calibration::displacement_ns},
    {"idleNoiseW", &Calibration::idle_noise_w},
};

struct RingField {
  const char* name;
  double RingCalibration::* value;
};

constexpr RingField kRingFields[] = {
    {"lagNs", &RingCalibration::lag_ns},
    {"noiseW", &RingCalibration::noise_w},
    {"gain", &RingCalibration::gain},
    {"gainRelativeUncertainty", &RingCalibration::gain_u},
    {"stampJitterNs", &RingCalibration::stamp_jitter_ns},
};

Calibration calibration_of(const Napi::Object& object) {
  Calibration out;
  out.uuid = std::string(object.Get("uuid").As<Napi::String>());
  for (const auto& [name, value] : kFields) out.*value = object.Get(name).As<Napi::Number>().DoubleValue();
  const Napi::Value ring = object.Get("ring");
  if (!ring.IsObject()) return out;
  out.ring.emplace();
  for (const auto& [name, value] : kRingFields) {
    (*out.ring).*value = ring.As<Napi::Object>().Get(name).As<Napi::Number>().DoubleValue();
  }
  return out;
}

Napi::Value calibration_object(Napi::Env env, const std::optional<Calibration>& calibration) {
  if (!calibration) return env.Null();
  Napi::Object object = Napi::Object::New(env);
  object.Set("uuid", calibration->uuid);
  for (const auto& [name, value] : kFields) object.Set(name, (*calibration).*value);
  if (!calibration->ring) {
    object.Set("ring", env.Null());
    return object;
  }
  Napi::Object ring = Napi::Object::New(env);
  for (const auto& [name, value] : kRingFields) ring.Set(name, (*calibration->ring).*value);
  object.Set("ring", ring);
  return object;
}

Napi::Object kind_object(Napi::Env env, const CalibrationKind& kind) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("kindMs", kind.kind_ms);
  object.Set("count", static_cast<double>(kind.count));
  object.Set("meanJ", kind.mean_j);
  object.Set("relativeScatter", kind.relative_scatter);
  object.Set("meanRelativeU", kind.mean_relative_u);
  object.Set("heldBack", static_cast<double>(kind.held_back));
  object.Set("held", static_cast<double>(kind.held));
  return object;
}

Napi::Object result_object(Napi::Env env, const CalibrationResult& result) {
  Napi::Array kinds = Napi::Array::New(env, result.kinds.size());
  for (uint32_t i = 0; i < result.kinds.size(); ++i) kinds.Set(i, kind_object(env, result.kinds[i]));
  Napi::Object sham = Napi::Object::New(env);
  sham.Set("count", static_cast<double>(result.sham.count));
  sham.Set("meanJ", result.sham.mean_j);
  sham.Set("uncertaintyJ", result.sham.uncertainty_j);
  Napi::Object object = Napi::Object::New(env);
  object.Set("calibration", calibration_object(env, result.calibration));
  object.Set("reason", result.reason);
  object.Set("tested", static_cast<double>(result.tested));
  object.Set("held", static_cast<double>(result.held));
  object.Set("widened", result.widened);
  object.Set("kinds", kinds);
  object.Set("sham", sham);
  return object;
}

energy::CalibrationJob job_of(const Napi::Object& request) {
  energy::CalibrationJob job;
  job.channel = request.Get("channel").As<Napi::Number>().Uint32Value();
  const auto marks = request.Get("marks").As<Napi::BigInt64Array>();
  const auto kinds = request.Get("kinds").As<Napi::Float64Array>();
  const auto before = request.Get("idleBeforeNs").As<Napi::BigInt64Array>();
  const auto after = request.Get("idleAfterNs").As<Napi::BigInt64Array>();
  for (size_t i = 0; i < kinds.ElementLength(); ++i) {
    job.bursts.push_back(
        {{marks.Data()[2 * i], marks.Data()[2 * i + 1], before.Data()[i], after.Data()[i]}, kinds.Data()[i]});
  }
  return job;
}

struct CalibratedMessage {
  Status status;
  CalibrationResult result;
};

}  // namespace

std::vector<Calibration> calibrations(const Napi::Value& list) {
  const auto array = list.As<Napi::Array>();
  std::vector<Calibration> out;
  out.reserve(array.Length());
  for (uint32_t i = 0; i < array.Length(); ++i) out.push_back(calibration_of(array.Get(i).As<Napi::Object>()));
  return out;
}

Napi::Value calibrate(const Napi::CallbackInfo& info, const std::shared_ptr<MeterHandle>& handle) {
  const Napi::Env env = info.Env();
  energy::Meter& meter = handle->require(env);
  const auto settlement = Settlement<CalibratedMessage>::create(
      env, "microjoule:calibrate",
      [](Napi::Env e, const Napi::Promise::Deferred& deferred, CalibratedMessage& message) {
        if (message.status.ok()) {
          deferred.Resolve(result_object(e, message.result));
        } else {
          deferred.Reject(to_error(e, message.status));
        }
      });
  meter.calibrate(
      job_of(info[0].As<Napi::Object>()),
      [settlement](const Status& status, const CalibrationResult& result) { settlement->settle({status, result}); });
  return settlement->promise();
}

}  // namespace mj::bind
