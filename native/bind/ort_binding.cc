// A session's bindings: those functions of NativeSession (src/native.ts) that have Binding in their names, and `bind`.
// JavaScript holds a number; what it stands for ends with `releaseBinding`, or with the session.
#include <utility>

#include "bind/addon_data.h"
#include "bind/ort_session.h"
#include "bind/ort_tensors.h"

namespace mj::bind {

namespace {

uint64_t ticket_of(const Napi::Value& value) { return static_cast<uint64_t>(value.As<Napi::Number>().Int64Value()); }

std::shared_ptr<ort::Bindings> copied_feed(Napi::Env env, const Napi::Value& feed, const ort::Model& model) {
  auto bindings = std::make_shared<ort::Bindings>();
  std::vector<napi_value> borrowed;
  const Status status = read_feed(env, feed, model, Storage::kCopyAlways, *bindings, borrowed);
  if (!status.ok()) throw_status(env, status);
  return bindings;
}

std::vector<size_t> fetched_outputs(Napi::Env env, const Napi::Value& fetch, const ort::Model& model) {
  ort::Bindings unused;
  std::vector<size_t> fetched;
  std::vector<napi_value> borrowed;
  const Status status = read_fetch(env, fetch, env.Undefined(), model, unused, fetched, borrowed);
  if (!status.ok()) throw_status(env, status);
  return fetched;
}

Status bind_and_run(const std::shared_ptr<ort::Model>& model, const ort::Binding::Request& request, ort::Bindings& feed,
                    int64_t runs, std::shared_ptr<ort::Binding>& made) {
  Status status = ort::Binding::make(model, request, made);
  if (status.ok()) status = made->update(feed);
  for (int64_t i = 0; status.ok() && i < runs; ++i) status = made->run();
  if (status.ok() && runs > 0) status = made->synchronise();
  // Here, so that a failed one ends on the executor's thread.
  if (!status.ok()) made.reset();
  return status;
}

}  // namespace

std::shared_ptr<ort::Binding> SessionBinding::binding_of(const Napi::Value& id) const {
  const Napi::Env env = id.Env();
  require_open(env);
  const auto found = bindings_.find(id.As<Napi::Number>().Int64Value());
  if (found == bindings_.end()) throw_status(env, {Code::kSessionReleased, "The binding has been released."});
  return found->second;
}

// bind(ticket, place, feed, fetch, runs, keepOutputs)
Napi::Value SessionBinding::bind(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  require_open(env);
  ort::Binding::Request request;
  request.place = static_cast<ort::Place>(info[1].As<Napi::Number>().Int32Value());
  request.outputs = fetched_outputs(env, info[3], *model_);
  request.keep_outputs = info[5].As<Napi::Boolean>().Value();
  auto made = std::make_shared<std::shared_ptr<ort::Binding>>();
  const int64_t runs = info[4].As<Napi::Number>().Int64Value();
  const auto how = request.keep_outputs && runs > 0 ? ort::AtWork::How::kCapturing : ort::AtWork::How::kUsual;
  const auto job = std::make_shared<ort::BindingJob>(
      model_,
      [model = model_, request, feed = copied_feed(env, info[2], *model_), runs, made] {
        return bind_and_run(model, request, *feed, runs, *made);
      },
      how);
  job->ticket = ticket_of(info[0]);
  return promise_of(env, job, [self = shared_from_this(), made](Napi::Env e) -> napi_value {
    if (self->released_) {
      throw_status(e, {Code::kSessionReleased, "The session was released while the binding was made."});
    }
    const int64_t id = ++self->last_binding_;
    self->bindings_.emplace(id, std::move(*made));
    return Napi::Number::New(e, static_cast<double>(id));
  });
}

// updateBinding(id, feed)
Napi::Value SessionBinding::update_binding(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto job = std::make_shared<ort::BindingJob>(
      model_,
      [binding = binding_of(info[0]), feed = copied_feed(env, info[1], *model_)] { return binding->update(*feed); });
  return promise_of(env, job, [](Napi::Env e) { return e.Undefined(); });
}

// runBinding(ticket, id)
Napi::Value SessionBinding::run_binding(const Napi::CallbackInfo& info) {
  const auto job = std::make_shared<ort::BindingJob>(model_, [binding = binding_of(info[1])] {
    Status status = binding->run();
    return status.ok() ? binding->synchronise() : status;
  });
  job->ticket = ticket_of(info[0]);
  return promise_of(info.Env(), job, [](Napi::Env e) { return e.Undefined(); });
}

// fetchBinding(id)
Napi::Value SessionBinding::fetch_binding(const Napi::CallbackInfo& info) {
  const auto binding = binding_of(info[0]);
  const auto outputs = std::make_shared<ort::Bindings>();
  const auto job =
      std::make_shared<ort::BindingJob>(model_, [binding, outputs] { return binding->fetch(outputs->outputs); });
  return promise_of(info.Env(), job, [model = model_, binding, outputs](Napi::Env e) {
    napi_value list = nullptr;
    const Status status = write_outputs(e, *model, binding->outputs(), *outputs, list);
    if (!status.ok()) throw_status(e, status);
    return list;
  });
}

// releaseBinding(id, waitedFor)
Napi::Value SessionBinding::release_binding(const Napi::CallbackInfo& info) {
  const auto binding = binding_of(info[0]);
  bindings_.erase(info[0].As<Napi::Number>().Int64Value());
  const auto job = std::make_shared<ort::ClosingJob>(model_, [binding] { binding->close(); });
  const bool waited_for = info[1].As<Napi::Boolean>().Value();
  return promise_of(info.Env(), job, [](Napi::Env e) { return e.Undefined(); }, 0, waited_for);
}

}  // namespace mj::bind
