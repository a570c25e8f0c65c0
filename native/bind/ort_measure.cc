#include "bind/ort_measure.h"

#include <utility>

#include "bind/addon_data.h"
#include "bind/ort_options.h"
#include "bind/ort_session.h"
#include "measure/loop.h"

namespace mj::bind {

namespace {

// Four instants a block.
Napi::BigInt64Array marks_of(Napi::Env env, const std::vector<measure::Block>& blocks) {
  Napi::BigInt64Array marks = Napi::BigInt64Array::New(env, 4 * blocks.size());
  int64_t* next = marks.Data();
  for (const measure::Block& block : blocks) {
    for (const int64_t ns : {block.quiet_from_ns, block.start_ns, block.end_ns, block.quiet_until_ns}) *next++ = ns;
  }
  return marks;
}

Napi::Float64Array runs_of(Napi::Env env, const std::vector<measure::Block>& blocks) {
  Napi::Float64Array runs = Napi::Float64Array::New(env, blocks.size());
  for (size_t i = 0; i < blocks.size(); ++i) runs[i] = static_cast<double>(blocks[i].runs);
  return runs;
}

Napi::Float64Array other_jobs_of(Napi::Env env, const std::vector<measure::Block>& blocks) {
  Napi::Float64Array jobs = Napi::Float64Array::New(env, blocks.size());
  for (size_t i = 0; i < blocks.size(); ++i) jobs[i] = static_cast<double>(blocks[i].other_jobs);
  return jobs;
}

// NativeMeasureResult of src/native.ts.
Status result_of(Napi::Env env, const ort::Model& model, measure::LoopJob& job, const std::vector<size_t>& fetched,
                 Napi::Object& result) {
  napi_value outputs = nullptr;
  if (Status status = write_outputs(env, model, fetched, job.bindings, outputs); !status.ok()) return status;
  result.Set("marksNs", marks_of(env, job.blocks));
  result.Set("runs", runs_of(env, job.blocks));
  result.Set("otherJobs", other_jobs_of(env, job.blocks));
  result.Set("others", others_of(env, job.others));
  set_times(env, result, job.durations);
  result.Set("outputs", outputs);
  return {};
}

Status read_tensors(Napi::Env env, const Napi::Object& request, const ort::Model& model, ort::Bindings& bindings,
                    std::vector<size_t>& fetched) {
  std::vector<napi_value> borrowed;
  Status status = read_feed(env, request.Get("feed"), model, Storage::kCopyAlways, bindings, borrowed);
  if (!status.ok()) return status;
  return read_fetch(env, request.Get("fetch"), env.Undefined(), model, bindings, fetched, borrowed);
}

}  // namespace

Napi::Array others_of(Napi::Env env, const std::vector<ort::OtherUse>& others) {
  Napi::Array list = Napi::Array::New(env, others.size());
  for (uint32_t i = 0; i < others.size(); ++i) {
    Napi::Object one = Napi::Object::New(env);
    one.Set("session", others[i].name);
    one.Set("jobs", static_cast<double>(others[i].jobs));
    list.Set(i, one);
  }
  return list;
}

void set_times(Napi::Env env, Napi::Object& target, const measure::TimeLog& log) {
  Napi::Float64Array durations = Napi::Float64Array::New(env, log.size());
  for (size_t i = 0; i < log.size(); ++i) durations[i] = log[i];
  target.Set("durationsNs", durations);
  target.Set("durationsEvery", Napi::Number::New(env, static_cast<double>(log.every())));
  const measure::Moments& all = log.moments();
  Napi::Object moments = Napi::Object::New(env);
  moments.Set("count", Napi::Number::New(env, static_cast<double>(all.count)));
  moments.Set("mean", Napi::Number::New(env, all.mean));
  moments.Set("squares", Napi::Number::New(env, all.squares));
  moments.Set("min", Napi::Number::New(env, all.min));
  moments.Set("max", Napi::Number::New(env, all.max));
  target.Set("moments", moments);
}

void call_progress(const Napi::FunctionReference& callback, measure::Progressing& job) {
  const Napi::Env env = callback.Env();
  for (const measure::Progress& now : job.take_progress()) {
    callback.Call({Napi::Number::New(env, static_cast<int>(now.phase)),
                   Napi::Number::New(env, static_cast<double>(now.runs)),
                   Napi::Number::New(env, static_cast<double>(now.elapsed_ns) / 1e6),
                   Napi::Number::New(env, static_cast<double>(now.blocks))});
  }
}

Napi::Value SessionBinding::measure(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  require_open(env);
  const auto request = info[0].As<Napi::Object>();
  const Napi::Value bound = request.Get("binding");
  auto job = std::make_shared<measure::LoopJob>(model_, read_loop_request(request),
                                                bound.IsNumber() ? binding_of(bound) : nullptr);
  job->ticket = static_cast<uint64_t>(request.Get("ticket").As<Napi::Number>().Int64Value());
  std::vector<size_t> fetched;
  if (bound.IsNumber()) {
    fetched = binding_of(bound)->outputs();
  } else {
    const Status status = read_tensors(env, request, *model_, job->bindings, fetched);
    if (!status.ok()) throw_status(env, status);
  }

  const uint64_t progress = expect_progress(environment_, request.Get("progress"), job);
  const auto value = [self = shared_from_this(), job, fetched = std::move(fetched)](Napi::Env e) -> napi_value {
    Napi::Object result = Napi::Object::New(e);
    const Status status = result_of(e, *self->model_, *job, fetched, result);
    if (!status.ok()) throw_status(e, status);
    return result;
  };
  return promise_of(env, job, value, progress);
}

}  // namespace mj::bind
