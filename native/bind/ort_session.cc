#include "bind/ort_session.h"

#include <algorithm>
#include <string>
#include <utility>

#include "bind/addon_data.h"
#include "bind/ort_options.h"

namespace mj::bind {

namespace {

uint64_t ticket_of(const Napi::Value& value) { return static_cast<uint64_t>(value.As<Napi::Number>().Int64Value()); }

Napi::Array value_infos(Napi::Env env, const std::vector<ort::ValueInfo>& values) {
  Napi::Array list = Napi::Array::New(env, values.size());
  for (uint32_t i = 0; i < values.size(); ++i) {
    const ort::ValueInfo& info = values[i];
    Napi::Object object = Napi::Object::New(env);
    const char* type = ort::type_name(info.type);
    Napi::Array dims = Napi::Array::New(env, info.shape.size());
    Napi::Array symbols = Napi::Array::New(env, info.shape.size());
    for (uint32_t d = 0; d < info.shape.size(); ++d) {
      dims.Set(d, Napi::Number::New(env, static_cast<double>(info.shape[d])));
      symbols.Set(d, Napi::String::New(env, info.symbols[d]));
    }
    object.Set("name", Napi::String::New(env, info.name));
    object.Set("isTensor", Napi::Boolean::New(env, info.is_tensor));
    object.Set("type", Napi::String::New(env, type != nullptr ? type : ""));
    object.Set("dims", dims);
    object.Set("symbols", symbols);
    list.Set(i, object);
  }
  return list;
}

Napi::Array names(Napi::Env env, const std::vector<std::string>& texts) {
  Napi::Array list = Napi::Array::New(env, texts.size());
  for (uint32_t i = 0; i < texts.size(); ++i) list.Set(i, Napi::String::New(env, texts[i]));
  return list;
}

Napi::Array skipped(Napi::Env env, const std::vector<ort::Skipped>& providers) {
  Napi::Array list = Napi::Array::New(env, providers.size());
  for (uint32_t i = 0; i < providers.size(); ++i) {
    Napi::Object entry = Napi::Object::New(env);
    entry.Set("name", Napi::String::New(env, providers[i].name));
    entry.Set("reason", Napi::String::New(env, providers[i].reason.message));
    entry.Set("code", Napi::String::New(env, code_name(providers[i].reason.code)));
    list.Set(i, entry);
  }
  return list;
}

// Flat: provider, name and operator of each node in turn.
Napi::Array placement(Napi::Env env, const std::vector<ort::PlacedNode>& nodes) {
  Napi::Array list = Napi::Array::New(env, 3 * nodes.size());
  uint32_t next = 0;
  for (const ort::PlacedNode& node : nodes) {
    for (const std::string* text : {&node.provider, &node.name, &node.op}) {
      list.Set(next++, Napi::String::New(env, *text));
    }
  }
  return list;
}

}  // namespace

Borrowed::Borrowed(Napi::Env env, const std::vector<napi_value>& values) {
  references_.reserve(values.size());
  for (const napi_value value : values) references_.push_back(Napi::Reference<Napi::Value>::New({env, value}, 1));
}

SessionBinding::SessionBinding(std::shared_ptr<OrtEnvironment> environment, std::unique_ptr<ort::Executor> executor,
                               std::shared_ptr<ort::Model> model, int64_t caller_wait_ns)
    : environment_(std::move(environment)),
      executor_(std::move(executor)),
      model_(std::move(model)),
      caller_wait_ns_(caller_wait_ns) {
  environment_->add(this);
}

SessionBinding::~SessionBinding() { environment_->remove(this); }

void SessionBinding::close() {
  released_ = true;
  executor_->stop();
}

Napi::Object SessionBinding::object(Napi::Env env) {
  Napi::Object device = Napi::Object::New(env);
  device.Set("uuid", Napi::String::New(env, model_->device().uuid));
  device.Set("pciBusId", Napi::String::New(env, model_->device().pci_bus_id));
  Napi::Object object = Napi::Object::New(env);
  object.Set("inputs", value_infos(env, model_->inputs()));
  object.Set("outputs", value_infos(env, model_->outputs()));
  object.Set("providers", names(env, model_->providers()));
  object.Set("skipped", skipped(env, model_->skipped()));
  object.Set("device", device);
  object.Set("placement", placement(env, model_->placement()));

  auto self = shared_from_this();
  object.Set("run", Napi::Function::New(env, [self](const Napi::CallbackInfo& info) { return self->run(info); }));
  object.Set("measure",
             Napi::Function::New(env, [self](const Napi::CallbackInfo& info) { return self->measure(info); }));
  const auto method = [&](const char* name, Napi::Value (SessionBinding::*function)(const Napi::CallbackInfo&)) {
    object.Set(name, Napi::Function::New(env, [self, function](const Napi::CallbackInfo& info) {
                 return (self.get()->*function)(info);
               }));
  };
  method("measurePhases", &SessionBinding::measure_phases);
  method("takeTurn", &SessionBinding::take_turn);
  method("bind", &SessionBinding::bind);
  method("updateBinding", &SessionBinding::update_binding);
  method("runBinding", &SessionBinding::run_binding);
  method("fetchBinding", &SessionBinding::fetch_binding);
  method("releaseBinding", &SessionBinding::release_binding);
  object.Set("cancel",
             Napi::Function::New(env, [self](const Napi::CallbackInfo& info) { self->cancel(ticket_of(info[0])); }));
  object.Set("endProfiling", Napi::Function::New(env, [self](const Napi::CallbackInfo& info) {
               return self->end_profiling(info.Env());
             }));
  object.Set("release",
             Napi::Function::New(env, [self](const Napi::CallbackInfo& info) { return self->release(info.Env()); }));
  return object;
}

// Its promise is rejected by now, so a run that goes on in the device keeps nobody.
void SessionBinding::cancel(uint64_t ticket) {
  if (!executor_->cancel(ticket)) return;
  const auto found = waiting_.find(ticket);
  if (found != waiting_.end()) environment_->let_go(found->second);
}

void SessionBinding::require_open(Napi::Env env) const {
  if (released_) throw_status(env, {Code::kSessionReleased, "The session has been released."});
}

bool SessionBinding::wait_briefly(const ort::Job& job) noexcept {
  constexpr int kMostDoublings = 6;
  if (waits_to_skip_ > 0) {
    --waits_to_skip_;
    return false;
  }
  if (job.wait(caller_wait_ns_)) {
    failed_waits_ = 0;
    return true;
  }
  failed_waits_ = std::min(failed_waits_ + 1, kMostDoublings);
  waits_to_skip_ = 1 << failed_waits_;
  return false;
}

void SessionBinding::learn(const ort::RunJob& job) noexcept {
  const int64_t duration = job.end_ns - job.start_ns;
  recent_run_ns_ = recent_run_ns_ == INT64_MAX ? duration : (3 * recent_run_ns_ + duration) / 4;
}

std::shared_ptr<ort::RunJob> SessionBinding::job_of(const Napi::CallbackInfo& info, Storage storage,
                                                    std::vector<size_t>& fetched, std::vector<napi_value>& borrowed) {
  const Napi::Env env = info.Env();
  auto job = std::make_shared<ort::RunJob>(model_);
  job->ticket = ticket_of(info[0]);
  Status status = read_feed(env, info[1], *model_, storage, job->bindings, borrowed);
  if (status.ok()) status = read_fetch(env, info[2], info[3], *model_, job->bindings, fetched, borrowed);
  if (status.ok() && info[4].IsObject()) {
    status = ort::make_run_options(read_run_settings(info[4].As<Napi::Object>()), job->options);
  }
  if (!status.ok()) throw_status(env, status);
  if (!borrowed.empty()) job->borrowing = environment_->borrowing();
  return job;
}

Napi::Value SessionBinding::outputs_now(Napi::Env env, ort::RunJob& job, const std::vector<size_t>& fetched) {
  learn(job);
  if (!job.status.ok()) throw_status(env, job.status);
  napi_value outputs = nullptr;
  const Status status = write_outputs(env, *model_, fetched, job.bindings, outputs);
  if (!status.ok()) throw_status(env, status);
  return {env, outputs};
}

// run(ticket, feed, fetch, into, settings, here)
Napi::Value SessionBinding::run(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  require_open(env);
  std::vector<napi_value> borrowed;
  std::vector<size_t> fetched;
  if (info[5].ToBoolean()) {
    const auto here = job_of(info, Storage::kBorrowAlways, fetched, borrowed);
    if (executor_->do_here(*here)) return outputs_now(env, *here, fetched);
    borrowed.clear();
    fetched.clear();
  }
  const auto job = job_of(info, Storage::kBorrowLarge, fetched, borrowed);
  const bool short_run = recent_run_ns_ < caller_wait_ns_ && executor_->eager();
  executor_->submit(job);
  if (!short_run || !wait_briefly(*job)) return outputs_later(env, job, std::move(fetched), borrowed);
  return outputs_now(env, *job, fetched);
}

Napi::Value SessionBinding::outputs_later(Napi::Env env, const std::shared_ptr<ort::RunJob>& job,
                                          std::vector<size_t> fetched, const std::vector<napi_value>& borrowed) {
  const auto deferred = std::make_shared<Napi::Promise::Deferred>(env);
  const auto kept = std::make_shared<Borrowed>(env, borrowed);
  auto id = std::make_shared<uint64_t>(0);
  // The handler owns the job and all that it borrows; the session lives as long as its runs.
  *id = environment_->expect(
      [self = shared_from_this(), job, fetched = std::move(fetched), kept, deferred, id](Napi::Env e) {
        self->environment_->forget(*id);
        self->waiting_.erase(job->ticket);
        self->learn(*job);
        Status status = job->status;
        napi_value outputs = nullptr;
        if (status.ok()) status = write_outputs(e, *self->model_, fetched, job->bindings, outputs);
        if (status.ok()) {
          deferred->Resolve(outputs);
        } else {
          deferred->Reject(to_error(e, status));
        }
      });
  waiting_.emplace(job->ticket, *id);
  auto notify = [environment = environment_, id] { environment->post(*id); };
  if (!job->on_end(notify)) notify();
  return deferred->Promise();
}

Napi::Value SessionBinding::end_profiling(Napi::Env env) {
  require_open(env);
  std::string file;
  const Status status = model_->end_profiling(file);
  if (!status.ok()) throw_status(env, status);
  return Napi::String::New(env, file);
}

Napi::Value SessionBinding::release(Napi::Env env) {
  require_open(env);
  released_ = true;
  const auto job = std::make_shared<ort::ClosingJob>(model_, [model = model_] { model->close(); });
  return promise_of(env, job, [self = shared_from_this()](Napi::Env e) {
    self->executor_->stop();
    return e.Undefined();
  });
}

Napi::Value SessionBinding::promise_of(Napi::Env env, const ort::JobPtr& job,
                                       std::function<napi_value(Napi::Env)> value, uint64_t progress, bool waited_for) {
  const auto deferred = std::make_shared<Napi::Promise::Deferred>(env);
  auto id = std::make_shared<uint64_t>(0);
  *id = environment_->expect(
      [self = shared_from_this(), job, value = std::move(value), deferred, id, progress](Napi::Env e) {
        self->environment_->forget(*id);
        self->environment_->forget(progress);
        self->waiting_.erase(job->ticket);
        if (!job->status.ok()) {
          deferred->Reject(to_error(e, job->status));
          return;
        }
        try {
          deferred->Resolve(value(e));
        } catch (const Napi::Error& error) {
          deferred->Reject(error.Value());
        }
      });
  if (!waited_for) environment_->let_go(*id);
  if (job->ticket > 0) waiting_.emplace(job->ticket, *id);
  auto notify = [environment = environment_, id] { environment->post(*id); };
  job->on_end(notify);
  executor_->submit(job);
  return deferred->Promise();
}

}  // namespace mj::bind
