#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "bind/ort_environment.h"
#include "bind/ort_tensors.h"
#include "ort/binding.h"
#include "ort/executor.h"
#include "ort/model.h"

namespace mj::bind {

// The native side of one InferenceSession. Its functions reach JavaScript as closures, so there is no receiver to
// mistake. Everything here runs on the environment's thread; work crosses to the executor as jobs.
class SessionBinding : public std::enable_shared_from_this<SessionBinding>, public Closable {
 public:
  SessionBinding(std::shared_ptr<OrtEnvironment> environment, std::unique_ptr<ort::Executor> executor,
                 std::shared_ptr<ort::Model> model, int64_t caller_wait_ns);
  ~SessionBinding() override;
  SessionBinding(const SessionBinding&) = delete;
  SessionBinding& operator=(const SessionBinding&) = delete;

  // The object of NativeSession (src/native.ts).
  Napi::Object object(Napi::Env env);
  void close() override;

 private:
  Napi::Value run(const Napi::CallbackInfo& info);
  Napi::Value measure(const Napi::CallbackInfo& info);
  Napi::Value measure_phases(const Napi::CallbackInfo& info);
  Napi::Value end_profiling(Napi::Env env);
  Napi::Value release(Napi::Env env);

  Napi::Value take_turn(const Napi::CallbackInfo& info);  // ort_turn.cc

  // ort_binding.cc
  Napi::Value bind(const Napi::CallbackInfo& info);
  Napi::Value update_binding(const Napi::CallbackInfo& info);
  Napi::Value run_binding(const Napi::CallbackInfo& info);
  Napi::Value fetch_binding(const Napi::CallbackInfo& info);
  Napi::Value release_binding(const Napi::CallbackInfo& info);
  std::shared_ptr<ort::Binding> binding_of(const Napi::Value& id) const;

  // Submits the job; the promise resolves with what `value` makes of it, or rejects with its failure. `progress` is
  // what the environment expects from the job until then; 0: nothing. The process stays alive for what is waited for.
  Napi::Value promise_of(Napi::Env env, const ort::JobPtr& job, std::function<napi_value(Napi::Env)> value,
                         uint64_t progress = 0, bool waited_for = true);
  void cancel(uint64_t ticket);

  // A job of what `run` was given.
  std::shared_ptr<ort::RunJob> job_of(const Napi::CallbackInfo& info, Storage storage, std::vector<size_t>& fetched,
                                      std::vector<napi_value>& borrowed);
  // What has ended on this thread, or while it waited.
  Napi::Value outputs_now(Napi::Env env, ort::RunJob& job, const std::vector<size_t>& fetched);
  Napi::Value outputs_later(Napi::Env env, const std::shared_ptr<ort::RunJob>& job, std::vector<size_t> fetched,
                            const std::vector<napi_value>& borrowed);
  void learn(const ort::RunJob& job) noexcept;
  // Waits on this thread where that is likely to pay; true: the job has ended.
  bool wait_briefly(const ort::Job& job) noexcept;
  void require_open(Napi::Env env) const;

  std::shared_ptr<OrtEnvironment> environment_;
  std::unique_ptr<ort::Executor> executor_;
  std::shared_ptr<ort::Model> model_;
  const int64_t caller_wait_ns_;
  int64_t recent_run_ns_ = INT64_MAX;  // smoothed duration of the last runs
  // A wait that fails has cost its whole budget: the next ones are left out, twice as many after each failure, so
  // that a machine without a free core pays little for trying.
  int waits_to_skip_ = 0;
  int failed_waits_ = 0;
  bool released_ = false;
  std::map<uint64_t, uint64_t> waiting_;  // what the environment expects of the job with this ticket
  std::map<int64_t, std::shared_ptr<ort::Binding>> bindings_;
  int64_t last_binding_ = 0;
};

// References to JavaScript values that a job borrows memory from; dies on the environment's thread.
class Borrowed {
 public:
  Borrowed(Napi::Env env, const std::vector<napi_value>& values);

 private:
  std::vector<Napi::Reference<Napi::Value>> references_;
};

}  // namespace mj::bind
