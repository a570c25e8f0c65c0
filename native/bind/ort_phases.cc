#include <utility>

#include "bind/addon_data.h"
#include "bind/ort_measure.h"
#include "bind/ort_options.h"
#include "bind/ort_session.h"
#include "measure/phases.h"

namespace mj::bind {

namespace {

template <size_t N>
Napi::Array logs_of(Napi::Env env, const std::array<measure::TimeLog, N>& logs) {
  Napi::Array list = Napi::Array::New(env, N);
  for (uint32_t i = 0; i < N; ++i) {
    Napi::Object times = Napi::Object::New(env);
    set_times(env, times, logs[i]);
    list.Set(i, times);
  }
  return list;
}

// NativePhasesResult of src/native.ts.
Status result_of(Napi::Env env, const ort::Model& model, measure::PhasesJob& job, const std::vector<size_t>& fetched,
                 Napi::Object& result) {
  napi_value outputs = nullptr;
  if (Status status = write_outputs(env, model, fetched, job.bindings, outputs); !status.ok()) return status;
  const size_t count = job.segments.size();
  Napi::BigInt64Array marks = Napi::BigInt64Array::New(env, count + 1);
  Napi::Int32Array kinds = Napi::Int32Array::New(env, count);
  Napi::Float64Array calls = Napi::Float64Array::New(env, count);
  marks[0] = job.start_ns;
  for (size_t i = 0; i < count; ++i) {
    marks[i + 1] = job.segments[i].end_ns;
    kinds[i] = static_cast<int32_t>(job.segments[i].kind);
    calls[i] = static_cast<double>(job.segments[i].calls);
  }
  result.Set("marksNs", marks);
  result.Set("kinds", kinds);
  result.Set("calls", calls);
  result.Set("others", others_of(env, job.others));
  result.Set("times", logs_of(env, job.calls));
  result.Set("inside", logs_of(env, job.inside));
  result.Set("bytesIn", static_cast<double>(job.bytes_in));
  result.Set("bytesOut", static_cast<double>(job.bytes_out));
  result.Set("outputs", outputs);
  return {};
}

}  // namespace

Napi::Value SessionBinding::measure_phases(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  require_open(env);
  const auto request = info[0].As<Napi::Object>();
  const auto binding = binding_of(request.Get("binding"));
  auto job = std::make_shared<measure::PhasesJob>(model_, read_phases_request(request), binding);
  job->ticket = static_cast<uint64_t>(request.Get("ticket").As<Napi::Number>().Int64Value());
  const uint64_t progress = expect_progress(environment_, request.Get("progress"), job);
  return promise_of(
      env, job,
      [self = shared_from_this(), job, fetched = binding->outputs()](Napi::Env e) -> napi_value {
        Napi::Object result = Napi::Object::New(e);
        const Status status = result_of(e, *self->model_, *job, fetched, result);
        if (!status.ok()) throw_status(e, status);
        return result;
      },
      progress);
}

}  // namespace mj::bind
