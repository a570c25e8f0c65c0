#include "bind/energy_attribution.h"

#include <algorithm>

#include "bind/energy_convert.h"
#include "bind/settlement.h"
#include "energy/attribution_channels.h"

namespace mj::bind {

namespace {

using energy::Attribution;
using Attributions = std::vector<std::optional<Attribution>>;

energy::AttributionJob job_of(const Napi::Object& request) {
  energy::AttributionJob job;
  const auto labels = request.Get("phaseLabels").As<Napi::Int32Array>();
  const auto marks = request.Get("marks").As<Napi::BigInt64Array>();
  const auto states = request.Get("powerStates").As<Napi::BigInt64Array>();
  job.phases.reserve(labels.ElementLength());
  for (size_t i = 0; i < labels.ElementLength(); ++i) {
    job.phases.push_back({marks.Data()[2 * i], marks.Data()[2 * i + 1], static_cast<size_t>(labels.Data()[i])});
  }
  job.labels = request.Get("labels").As<Napi::Number>().Uint32Value();
  job.from = instant(request.Get("fromNs"));
  job.to = instant(request.Get("toNs"));
  job.states.assign(states.Data(), states.Data() + states.ElementLength());
  return job;
}

Napi::Object label_object(Napi::Env env, const energy::LabelPower& label) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("status", energy::attribution_status_name(label.status));
  object.Set("watts", label.watts);
  object.Set("uncertainty", label.uncertainty);
  object.Set("terms", doubles(env, {label.terms.begin(), label.terms.end()}));
  object.Set("seconds", label.seconds);
  object.Set("occurrences", static_cast<double>(label.occurrences));
  object.Set("joules", label.joules);
  return object;
}

Napi::Object attribution_object(Napi::Env env, const Attribution& result) {
  Napi::Array labels = Napi::Array::New(env, result.labels.size());
  for (uint32_t i = 0; i < result.labels.size(); ++i) labels.Set(i, label_object(env, result.labels[i]));
  std::vector<double> covariance;
  for (size_t i = 0; i < result.covariance.rows(); ++i) {
    covariance.insert(covariance.end(), result.covariance.row(i),
                      result.covariance.row(i) + result.covariance.columns());
  }
  Napi::Object object = Napi::Object::New(env);
  object.Set("status", energy::attribution_status_name(result.status));
  object.Set("cause", energy::cause_name(result.cause));
  object.Set("labels", labels);
  object.Set("covariance", doubles(env, covariance));
  object.Set("joules", result.total_j);
  object.Set("joulesUncertainty", result.total_uncertainty);
  object.Set("fromNs", Napi::BigInt::New(env, result.from));
  object.Set("toNs", Napi::BigInt::New(env, result.to));
  object.Set("intervals", static_cast<double>(result.intervals));
  object.Set("degrees", result.degrees);
  object.Set("signals", doubles(env, result.signals));
  object.Set("chance", doubles(env, result.chance));
  object.Set("blockIntervals", static_cast<double>(result.block_intervals));
  object.Set("sensorDoubted", result.sensor_doubted);
  object.Set("interactionBetween", static_cast<double>(result.interaction.between));
  object.Set("interactionWithin", result.interaction.within);
  object.Set("interactionP", result.interaction.p);
  return object;
}

Napi::Object attributions_object(Napi::Env env, const Attributions& results) {
  std::vector<std::string> terms;
  terms.reserve(energy::kAttributionTermCount);
  for (size_t i = 0; i < energy::kAttributionTermCount; ++i) {
    terms.emplace_back(energy::attribution_term_name(static_cast<energy::AttributionTerm>(i)));
  }
  Napi::Array channels = Napi::Array::New(env, results.size());
  for (uint32_t i = 0; i < results.size(); ++i) {
    channels.Set(i, results[i] ? Napi::Value(attribution_object(env, *results[i])) : env.Null());
  }
  Napi::Object object = Napi::Object::New(env);
  object.Set("terms", strings(env, terms));
  object.Set("leastSignal", energy::AttributionRules{}.least_signal);
  object.Set("channels", channels);
  return object;
}

}  // namespace

Napi::Value attribute(const Napi::CallbackInfo& info, const std::shared_ptr<MeterHandle>& handle) {
  const auto data = handle->require(info.Env()).shared_data();
  const auto work = [data, job = job_of(info[0].As<Napi::Object>())] { return attribute_channels(*data, job); };
  return run_on_thread<Attributions>(info.Env(), "microjoule:attribute", work,
                                     [](Napi::Env env, const Napi::Promise::Deferred& deferred, Attributions& results) {
                                       deferred.Resolve(attributions_object(env, results));
                                     });
}

}  // namespace mj::bind
