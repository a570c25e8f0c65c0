#include <utility>

#include "bind/addon_data.h"
#include "bind/ort_options.h"
#include "bind/ort_session.h"
#include "measure/loop.h"

namespace mj::bind {

namespace {

Napi::Value bigint(Napi::Env env, int64_t ns) { return Napi::BigInt::New(env, ns); }

Napi::Float64Array durations_of(Napi::Env env, const measure::TimeLog& log) {
  Napi::Float64Array durations = Napi::Float64Array::New(env, log.size());
  for (size_t i = 0; i < log.size(); ++i) durations[i] = log[i];
  return durations;
}

// NativeMeasureResult of src/native.ts.
Status result_of(Napi::Env env, const ort::Model& model, measure::LoopJob& job, const std::vector<size_t>& fetched,
                 Napi::Object& result) {
  napi_value outputs = nullptr;
  if (Status status = write_outputs(env, model, fetched, job.bindings, outputs); !status.ok()) return status;
  result.Set("startNs", bigint(env, job.start_ns));
  result.Set("endNs", bigint(env, job.end_ns));
  result.Set("quietFromNs", bigint(env, job.quiet_from_ns));
  result.Set("quietUntilNs", bigint(env, job.quiet_until_ns));
  result.Set("durationsNs", durations_of(env, job.durations));
  result.Set("outputs", outputs);
  return {};
}

void call_progress(const Napi::FunctionReference& callback, measure::LoopJob& job) {
  const Napi::Env env = callback.Env();
  for (const measure::Progress& now : job.take_progress()) {
    callback.Call({Napi::Number::New(env, static_cast<int>(now.phase)),
                   Napi::Number::New(env, static_cast<double>(now.runs)),
                   Napi::Number::New(env, static_cast<double>(now.elapsed_ns) / 1e6)});
  }
}

}  // namespace

Napi::Value SessionBinding::measure(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  require_open(env);
  const auto request = info[0].As<Napi::Object>();
  auto job = std::make_shared<measure::LoopJob>(model_, read_loop_request(request));
  job->ticket = static_cast<uint64_t>(request.Get("ticket").As<Napi::Number>().Int64Value());
  std::vector<napi_value> borrowed;
  std::vector<size_t> fetched;
  Status status = read_feed(env, request.Get("feed"), *model_, Storage::kCopyAlways, job->bindings, borrowed);
  if (status.ok()) {
    status = read_fetch(env, request.Get("fetch"), env.Undefined(), *model_, job->bindings, fetched, borrowed);
  }
  if (!status.ok()) throw_status(env, status);

  uint64_t progress = 0;
  if (const Napi::Value callback = request.Get("progress"); callback.IsFunction()) {
    const auto function = std::make_shared<Napi::FunctionReference>(Napi::Persistent(callback.As<Napi::Function>()));
    progress = environment_->expect([function, job](Napi::Env) { call_progress(*function, *job); });
    // The job must not own what owns the job.
    job->on_progress = [environment = environment_, progress] { environment->post(progress); };
  }

  const auto deferred = std::make_shared<Napi::Promise::Deferred>(env);
  auto id = std::make_shared<uint64_t>(0);
  *id = environment_->expect(
      [self = shared_from_this(), job, fetched = std::move(fetched), deferred, id, progress](Napi::Env e) {
        self->environment_->forget(*id);
        self->environment_->forget(progress);
        Napi::Object result = Napi::Object::New(e);
        const Status ended = job->status.ok() ? result_of(e, *self->model_, *job, fetched, result) : job->status;
        if (ended.ok()) {
          deferred->Resolve(result);
        } else {
          deferred->Reject(to_error(e, ended));
        }
      });
  auto notify = [environment = environment_, id] { environment->post(*id); };
  job->on_end(notify);
  executor_->submit(std::move(job));
  return deferred->Promise();
}

}  // namespace mj::bind
