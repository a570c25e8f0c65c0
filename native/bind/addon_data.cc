#include "bind/addon_data.h"

#include <utility>

namespace mj::bind {

AddonData& AddonData::of(Napi::Env env) { return *env.GetInstanceData<AddonData>(); }

AddonData::AddonData(Napi::Env env) {
  env.AddCleanupHook([this] { close_all(); });
}

AddonData::~AddonData() {
  // The environment is gone: a Reference must not try to delete itself in it.
  error_class.SuppressDestruct();
}

uint64_t AddonData::add(Closer closer) {
  const uint64_t id = next_id_++;
  closers_.emplace(id, std::move(closer));
  return id;
}

void AddonData::remove(uint64_t id) { closers_.erase(id); }

void AddonData::close_all() {
  alive_ = false;
  const std::map<uint64_t, Closer> closers = std::exchange(closers_, {});
  for (const auto& [id, closer] : closers) closer();
}

Napi::Value to_error(Napi::Env env, const Status& status) {
  AddonData& data = AddonData::of(env);
  const Napi::Value remedy =
      status.remedy.empty() ? env.Undefined() : Napi::Value(Napi::String::New(env, status.remedy));
  const Napi::String code = Napi::String::New(env, code_name(status.code));
  const Napi::String message = Napi::String::New(env, status.message);
  if (!data.error_class.IsEmpty()) return data.error_class.New({code, message, remedy});
  Napi::Object error = Napi::Error::New(env, status.message).Value();
  error.Set("code", code);
  error.Set("remedy", remedy);
  return error;
}

void throw_status(Napi::Env env, const Status& status) { throw Napi::Error(env, to_error(env, status)); }

void register_base(Napi::Env env, Napi::Object exports) {
  exports.Set("initialise", Napi::Function::New(env, [](const Napi::CallbackInfo& info) {
                AddonData::of(info.Env()).error_class = Napi::Persistent(info[0].As<Napi::Function>());
              }));
  exports.Set("statusCodes", Napi::Function::New(env, [](const Napi::CallbackInfo& info) -> Napi::Value {
                Napi::Array names = Napi::Array::New(info.Env());
                uint32_t i = 0;
#define X(symbol, text) names.Set(i++, Napi::String::New(info.Env(), text));
                MJ_STATUS_CODES(X)
#undef X
                return names;
              }));
}

}  // namespace mj::bind
