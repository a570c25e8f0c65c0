#include "bind/energy_meter.h"

#include <thread>
#include <utility>

#include "bind/energy_alignment.h"
#include "bind/energy_attribution.h"
#include "bind/energy_calibration.h"
#include "bind/energy_convert.h"
#include "bind/energy_steps.h"
#include "bind/settlement.h"

namespace mj::bind {

using energy::Meter;

namespace {

using HandlePtr = std::shared_ptr<MeterHandle>;

const Status& closed_status() {
  static const auto* status =
      new Status(Code::kMeterClosed, "The meter is closed.", "Open another one: await Meter.open().");
  return *status;
}

struct ResolvedMessage {
  Status status;
  energy::Resolution resolution;
};

using Fill = void (energy::MeterData::*)(double*) const noexcept;

// read(out), sample(out): bound by callback data and told nothing by the receiver, a third of a method's cost.
template <Fill fill>
napi_value fill_array(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument = nullptr;
  void* data = nullptr;
  napi_get_cb_info(env, info, &count, &argument, nullptr, &data);
  const auto* handle = static_cast<const MeterHandle*>(data);
  const Meter* meter = handle->meter();
  napi_typedarray_type type = napi_int8_array;
  size_t length = 0;
  void* out = nullptr;
  const bool typed =
      count == 1 && napi_get_typedarray_info(env, argument, &type, &length, &out, nullptr, nullptr) == napi_ok;
  if (meter != nullptr && typed && type == napi_float64_array && length >= meter->data().channels.size()) {
    (meter->data().*fill)(static_cast<double*>(out));
    return nullptr;
  }
  const Status status =
      meter == nullptr
          ? closed_status()
          : Status(Code::kInvalidArgument,
                   "read(out) and sample(out) need a Float64Array of at least meter.channels.length elements.");
  napi_throw(env, to_error(Napi::Env(env), status));
  return nullptr;
}

Napi::Function make_filler(Napi::Env env, const char* name, napi_callback callback, const HandlePtr& handle) {
  napi_value function = nullptr;
  if (napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, handle.get(), &function) != napi_ok) {
    throw Napi::Error::New(env);
  }
  Napi::Function out(env, function);
  out.AddFinalizer([](Napi::BasicEnv, HandlePtr* held) { delete held; }, new HandlePtr(handle));
  return out;
}

Napi::Value resolve(const Napi::CallbackInfo& info, const HandlePtr& handle) {
  const Napi::Env env = info.Env();
  Meter& meter = handle->require(env);
  const auto request = info[0].As<Napi::Object>();
  const auto ticket = static_cast<uint64_t>(request.Get("ticket").As<Napi::Number>().Int64Value());
  const auto settlement = Settlement<ResolvedMessage>::create(
      env, "microjoule:resolve",
      [handle, ticket](Napi::Env e, const Napi::Promise::Deferred& deferred, ResolvedMessage& message) {
        handle->tickets.erase(ticket);
        if (message.status.ok()) {
          deferred.Resolve(resolved(e, message.resolution));
        } else {
          deferred.Reject(to_error(e, message.status));
        }
      });
  handle->tickets[ticket] =
      meter.resolve(resolution_request(request), [settlement](const Status& status, energy::Resolution resolution) {
        settlement->settle({status, std::move(resolution)});
      });
  return settlement->promise();
}

Napi::Value cancel(const Napi::CallbackInfo& info, const HandlePtr& handle) {
  const auto found = handle->tickets.find(static_cast<uint64_t>(info[0].As<Napi::Number>().Int64Value()));
  if (found != handle->tickets.end() && handle->meter() != nullptr) {
    handle->meter()->cancel(found->second, {Code::kAborted, "The wait was aborted."});
  }
  return info.Env().Undefined();
}

Napi::Value begin_window(const Napi::CallbackInfo& info, const HandlePtr& handle) {
  Meter& meter = handle->require(info.Env());
  const auto settlement = Settlement<Status>::create(
      info.Env(), "microjoule:window",
      [](Napi::Env e, const Napi::Promise::Deferred& deferred, Status&) { deferred.Resolve(e.Undefined()); });
  meter.begin_window([settlement](const Status& status) { settlement->settle(status); });
  return settlement->promise();
}

Napi::Value end_window(const Napi::CallbackInfo& info, const HandlePtr& handle) {
  if (handle->meter() != nullptr) handle->meter()->end_window();
  return info.Env().Undefined();
}

Napi::Value close(const Napi::CallbackInfo& info, const HandlePtr& handle, uint64_t closer) {
  const Napi::Env env = info.Env();
  AddonData::of(env).remove(closer);
  // Boxed, so that the thread's reset is the last one and no copy of the work ends the meter here.
  const auto box = std::make_shared<std::shared_ptr<Meter>>(handle->release());
  const auto work = [box] {
    box->reset();
    return true;
  };
  return run_on_thread<bool>(
      env, "microjoule:close", work,
      [](Napi::Env e, const Napi::Promise::Deferred& deferred, bool&) { deferred.Resolve(e.Undefined()); });
}

}  // namespace

MeterHandle::~MeterHandle() {
  // Collected without close: its threads are waited for elsewhere than on the thread that collects.
  if (auto meter = release()) std::thread([held = std::move(meter)]() mutable { held.reset(); }).detach();
}

Meter& MeterHandle::require(Napi::Env env) const {
  if (!meter_) throw_status(env, closed_status());
  return *meter_;
}

std::shared_ptr<Meter> MeterHandle::release() {
  *released = true;
  const std::shared_ptr<Meter> meter = std::exchange(meter_, nullptr);
  for (const auto& [ticket, native] : std::exchange(tickets, {})) meter->cancel(native, closed_status());
  return meter;
}

Napi::Object make_meter_object(Napi::Env env, std::shared_ptr<Meter> meter) {
  const auto handle = std::make_shared<MeterHandle>(std::move(meter));
  const energy::MeterData& data = handle->meter()->data();
  const uint64_t closer = AddonData::of(env).add([weak = std::weak_ptr<MeterHandle>(handle)] {
    if (const HandlePtr held = weak.lock()) held->release();
  });
  Napi::Object object = Napi::Object::New(env);
  object.Set("channels", channels(env, data));
  object.Set("devices", devices(env, data.devices));
  object.Set("driver", data.driver);
  object.Set("simulated", data.simulated);
  object.Set("thinnedForNs", static_cast<double>(energy::EdgeTimeline::kThinnedForNs));
  object.Set("memoryBytes", static_cast<double>(data.memory_bytes));
  object.Set("read", make_filler(env, "read", fill_array<&energy::MeterData::read>, handle));
  object.Set("sample", make_filler(env, "sample", fill_array<&energy::MeterData::sample>, handle));
  const auto method = [&](const char* name, Napi::Value (*function)(const Napi::CallbackInfo&, const HandlePtr&)) {
    object.Set(name,
               Napi::Function::New(
                   env, [handle, function](const Napi::CallbackInfo& info) { return function(info, handle); }, name));
  };
  method("resolve", resolve);
  method("cancelResolve", cancel);
  method("attribute", attribute);
  method("calibrate", calibrate);
  method("beginWindow", begin_window);
  method("endWindow", end_window);
  method("recordSteps", record_steps);
  method("align", align);
  method("snapshot", [](const Napi::CallbackInfo& info, const HandlePtr& held) {
    return snapshot(info.Env(), held->require(info.Env()).data(), instant(info[0]), instant(info[1]));
  });
  method("conditions", [](const Napi::CallbackInfo& info, const HandlePtr& held) {
    return conditions(info.Env(), held->require(info.Env()).data(), instant(info[0]), instant(info[1]));
  });
  method("statistics", [](const Napi::CallbackInfo& info, const HandlePtr& held) {
    return statistics(info.Env(), held->require(info.Env()).statistics());
  });
  method("timing", [](const Napi::CallbackInfo& info, const HandlePtr& held) {
    return timing(info.Env(), held->require(info.Env()).data());
  });
  object.Set("close", Napi::Function::New(
                          env, [handle, closer](const Napi::CallbackInfo& info) { return close(info, handle, closer); },
                          "close"));
  return object;
}

}  // namespace mj::bind
