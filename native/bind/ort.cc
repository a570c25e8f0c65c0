#include <memory>
#include <utility>

#include "bind/addon_data.h"
#include "bind/ort_environment.h"
#include "bind/ort_options.h"
#include "bind/ort_session.h"
#include "ort/exit_guard.h"
#include "ort/providers.h"

namespace mj::bind {

namespace {

// Loads a model on the thread that will run it. The request's JavaScript values stay with the handler.
class LoadJob final : public ort::Job {
 public:
  explicit LoadJob(ort::ModelOptions options) : options_(std::move(options)) {}
  void execute() noexcept override { status = ort::Model::load(options_, model); }

  std::shared_ptr<ort::Model> model;

 private:
  const ort::ModelOptions options_;
};

// A session that is being made: its thread is stopped with the environment like any other.
struct Loading final : Closable {
  std::shared_ptr<OrtEnvironment> environment;
  std::unique_ptr<ort::Executor> executor;
  std::shared_ptr<LoadJob> job;
  int64_t caller_wait_ns = 0;

  void close() override {
    if (executor) executor->stop();
  }
};

Napi::Value open_runtime(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const ort::Library* library = nullptr;
  const Status status = ort::open_library(info[0].As<Napi::String>().Utf8Value(), library);
  if (!status.ok()) throw_status(env, status);
  Napi::Object runtime = Napi::Object::New(env);
  Napi::Array providers = Napi::Array::New(env);
  for (const std::string& name : library->providers) providers.Set(providers.Length(), Napi::String::New(env, name));
  runtime.Set("version", Napi::String::New(env, library->version));
  runtime.Set("path", Napi::String::New(env, library->path));
  runtime.Set("providers", providers);
  return runtime;
}

Napi::Value create_session(const Napi::CallbackInfo& info, const std::shared_ptr<OrtEnvironment>& environment) {
  const Napi::Env env = info.Env();
  SessionRequest request = read_session_request(info[0].As<Napi::Object>());
  const ort::Library* library = nullptr;
  const Status status = ort::open_library(request.library, library);
  if (!status.ok()) throw_status(env, status);

  auto loading = std::make_shared<Loading>();
  loading->environment = environment;
  loading->executor = std::make_unique<ort::Executor>(request.executor_spin_ns);
  loading->job = std::make_shared<LoadJob>(std::move(request.model));
  loading->caller_wait_ns = request.caller_wait_ns;
  environment->add(loading.get());

  const std::vector<napi_value> held(request.held.begin(), request.held.end());
  const auto kept = std::make_shared<Borrowed>(env, held);
  const auto deferred = std::make_shared<Napi::Promise::Deferred>(env);
  auto id = std::make_shared<uint64_t>(0);
  *id = environment->expect([loading, kept, deferred, id](Napi::Env e) {
    loading->environment->forget(*id);
    loading->environment->remove(loading.get());
    const Status ended = loading->job->status;
    if (!ended.ok()) {
      deferred->Reject(to_error(e, ended));
      return;
    }
    const auto session = std::make_shared<SessionBinding>(loading->environment, std::move(loading->executor),
                                                          loading->job->model, loading->caller_wait_ns);
    deferred->Resolve(session->object(e));
  });
  auto notify = [environment, id] { environment->post(*id); };
  loading->job->on_end(notify);
  loading->executor->submit(loading->job);
  return deferred->Promise();
}

// Why a provider cannot be used here, or undefined. Loads what the provider needs; asks ONNX Runtime nothing.
Napi::Value check_provider(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const ort::Library* library = nullptr;
  Status status = ort::open_library(info[0].As<Napi::String>().Utf8Value(), library);
  if (!status.ok()) throw_status(env, status);
  status = ort::prepare_provider(info[1].As<Napi::String>().Utf8Value(), library->folder);
  if (status.ok()) return env.Undefined();
  Napi::Object reason = Napi::Object::New(env);
  reason.Set("code", Napi::String::New(env, code_name(status.code)));
  reason.Set("reason", Napi::String::New(env, status.message));
  reason.Set("remedy", Napi::String::New(env, status.remedy));
  return reason;
}

}  // namespace

void register_ort(Napi::Env env, Napi::Object exports) {
  const std::shared_ptr<OrtEnvironment> environment = OrtEnvironment::create(env);
  exports.Set("openRuntime", Napi::Function::New(env, open_runtime));
  exports.Set("checkProvider", Napi::Function::New(env, check_provider));
  exports.Set("createSession", Napi::Function::New(env, [environment](const Napi::CallbackInfo& info) {
                return create_session(info, environment);
              }));
  exports.Set("beforeExit", Napi::Function::New(env, [environment](const Napi::CallbackInfo&) {
                environment->close();
                ort::guard_exit();
              }));
}

}  // namespace mj::bind
