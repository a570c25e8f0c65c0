#include <map>
#include <memory>
#include <utility>

#include "base/clock.h"
#include "bind/addon_data.h"
#include "bind/ort_engine.h"
#include "bind/ort_environment.h"
#include "bind/ort_options.h"
#include "bind/ort_session.h"
#include "ort/exit_guard.h"
#include "ort/provider_libraries.h"
#include "ort/tf32_override.h"

namespace mj::bind {

namespace {

// Loads a model on the thread that will run it. The request's JavaScript values stay with the handler.
class LoadJob final : public ort::Job {
 public:
  // `borrowing` counts it while it has a model's bytes in hand.
  LoadJob(ort::ModelOptions options, std::shared_ptr<std::atomic<int>> borrowing)
      : options_(std::move(options)), borrowing_(std::move(borrowing)) {}
  void execute() noexcept override {
    ++*borrowing_;
    start_ns = monotonic_ns();
    status = ort::Model::load(options_, model, [this] { return cancelled(); });
    end_ns = monotonic_ns();
    --*borrowing_;
  }

  std::shared_ptr<ort::Model> model;
  int64_t start_ns = 0;
  int64_t end_ns = 0;

 private:
  const ort::ModelOptions options_;
  const std::shared_ptr<std::atomic<int>> borrowing_;
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
  const ort::Tf32Override tf32 = ort::tf32_override();
  runtime.Set("tf32Override", tf32.set ? Napi::Value(Napi::String::New(env, tf32.value)) : Napi::Value(env.Null()));
  runtime.Set("tf32OverrideChanged", Napi::Boolean::New(env, tf32.changed));
  return runtime;
}

// What the environment expects of the sessions that are being made, by their tickets.
using Makings = std::map<int64_t, uint64_t>;

Napi::Value create_session(const Napi::CallbackInfo& info, const std::shared_ptr<OrtEnvironment>& environment,
                           const std::shared_ptr<Makings>& makings) {
  const Napi::Env env = info.Env();
  SessionRequest request = read_session_request(info[0].As<Napi::Object>());
  const ort::Library* library = nullptr;
  const Status status = ort::open_library(request.library, library);
  if (!status.ok()) throw_status(env, status);

  auto loading = std::make_shared<Loading>();
  loading->environment = environment;
  loading->executor = std::make_unique<ort::Executor>(request.executor_spin_ns);
  loading->job = std::make_shared<LoadJob>(std::move(request.model), environment->borrowing());
  loading->caller_wait_ns = request.caller_wait_ns;
  environment->add(loading.get());

  const std::vector<napi_value> held(request.held.begin(), request.held.end());
  const auto kept = std::make_shared<Borrowed>(env, held);
  const auto deferred = std::make_shared<Napi::Promise::Deferred>(env);
  const int64_t ticket = info[1].As<Napi::Number>().Int64Value();
  auto id = std::make_shared<uint64_t>(0);
  *id = environment->expect([loading, kept, deferred, id, makings, ticket](Napi::Env e) {
    makings->erase(ticket);
    loading->environment->forget(*id);
    loading->environment->remove(loading.get());
    const Status ended = loading->job->status;
    if (!ended.ok()) {
      deferred->Reject(to_error(e, ended));
      return;
    }
    const auto session = std::make_shared<SessionBinding>(loading->environment, std::move(loading->executor),
                                                          loading->job->model, loading->caller_wait_ns);
    Napi::Object object = session->object(e);
    object.Set("createStartNs", Napi::BigInt::New(e, loading->job->start_ns));
    object.Set("createEndNs", Napi::BigInt::New(e, loading->job->end_ns));
    deferred->Resolve(object);
  });
  makings->emplace(ticket, *id);
  auto notify = [environment, id] { environment->post(*id); };
  loading->job->on_end(notify);
  loading->executor->submit(loading->job);
  return deferred->Promise();
}

// What a provider needs, found but not loaded.
Napi::Value find_libraries(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::string name = info[0].As<Napi::String>().Utf8Value();
  const std::string folder = info[1].As<Napi::String>().Utf8Value();
  ort::ProviderLibraries found;
  const Status status = ort::find_provider_libraries(name, folder, read_texts(info[2].As<Napi::Array>()), found);
  Napi::Object result = Napi::Object::New(env);
  Napi::Array libraries = Napi::Array::New(env);
  for (const ort::FoundLibrary& library : found.libraries) {
    Napi::Object one = Napi::Object::New(env);
    one.Set("name", Napi::String::New(env, library.name));
    one.Set("path", Napi::String::New(env, library.path));
    libraries.Set(libraries.Length(), one);
  }
  result.Set("libraries", libraries);
  if (status.ok()) return result;
  result.Set("code", Napi::String::New(env, code_name(status.code)));
  result.Set("reason", Napi::String::New(env, status.message));
  result.Set("remedy", Napi::String::New(env, status.remedy));
  result.Set("missing", Napi::String::New(env, found.missing));
  return result;
}

}  // namespace

void register_ort(Napi::Env env, Napi::Object exports) {
  const std::shared_ptr<OrtEnvironment> environment = OrtEnvironment::create(env);
  exports.Set("openRuntime", Napi::Function::New(env, open_runtime));
  exports.Set("findLibraries", Napi::Function::New(env, find_libraries));
  exports.Set("engineTarget", Napi::Function::New(env, engine_target));
  const auto makings = std::make_shared<Makings>();
  exports.Set("createSession", Napi::Function::New(env, [environment, makings](const Napi::CallbackInfo& info) {
                return create_session(info, environment, makings);
              }));
  exports.Set("leaveSession", Napi::Function::New(env, [environment, makings](const Napi::CallbackInfo& info) {
                const auto found = makings->find(info[0].As<Napi::Number>().Int64Value());
                if (found != makings->end()) environment->let_go(found->second);
              }));
  exports.Set("beforeExit", Napi::Function::New(env, [environment](const Napi::CallbackInfo& info) {
                environment->close();
                ort::guard_exit(info[0].As<Napi::Number>().Int32Value());
              }));
}

}  // namespace mj::bind
