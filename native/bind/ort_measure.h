#pragma once

// What the jobs that measure have in common on their way to JavaScript.
#include <memory>

#include "bind/ort_environment.h"
#include "measure/progress.h"
#include "measure/time_log.h"
#include "ort/device_use.h"

namespace mj::bind {

// OtherJobs and RunTimes of src/native.ts.
Napi::Array others_of(Napi::Env env, const std::vector<ort::OtherUse>& others);
void set_times(Napi::Env env, Napi::Object& target, const measure::TimeLog& log);

void call_progress(const Napi::FunctionReference& callback, measure::Progressing& job);

// What the environment expects from the job until it ends, for `promise_of`; 0: there is no callback.
template <typename Job>
uint64_t expect_progress(const std::shared_ptr<OrtEnvironment>& environment, const Napi::Value& callback,
                         const std::shared_ptr<Job>& job) {
  if (!callback.IsFunction()) return 0;
  const auto function = std::make_shared<Napi::FunctionReference>(Napi::Persistent(callback.As<Napi::Function>()));
  const uint64_t progress = environment->expect([function, job](Napi::Env) { call_progress(*function, *job); });
  environment->let_go(progress);  // the job itself is waited for
  // The job must not own what owns the job.
  job->on_progress = [environment, progress] { environment->post(progress); };
  return progress;
}

}  // namespace mj::bind
