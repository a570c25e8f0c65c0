#pragma once

#include <functional>
#include <map>
#include <memory>

#include "base/status.h"
#include "bind/napi_setup.h"

namespace mj::bind {

// State of one Node environment (the main thread's or a worker's). Sessions and meters register what ends them,
// so that the environment's cleanup hook stops their threads before anything of Node is torn down.
class AddonData {
 public:
  using Closer = std::function<void()>;

  static AddonData& of(Napi::Env env);

  explicit AddonData(Napi::Env env);
  ~AddonData();
  AddonData(const AddonData&) = delete;
  AddonData& operator=(const AddonData&) = delete;

  // The closer runs once: by `remove` it is forgotten, at the end of the environment it is called.
  uint64_t add(Closer closer);
  void remove(uint64_t id);
  void close_all();
  // False once the cleanup hook has run: no JavaScript may be called any more.
  [[nodiscard]] bool alive() const noexcept { return alive_; }

  Napi::FunctionReference error_class;

 private:
  std::map<uint64_t, Closer> closers_;
  uint64_t next_id_ = 1;
  bool alive_ = true;
};

// The Error object for a status: MicrojouleError once `initialise` has run, an Error with `code` before.
Napi::Value to_error(Napi::Env env, const Status& status);
[[noreturn]] void throw_status(Napi::Env env, const Status& status);

// Each adds its functions to the exports; addon.cc calls them in turn.
void register_base(Napi::Env env, Napi::Object exports);
void register_energy(Napi::Env env, Napi::Object exports);
void register_ort(Napi::Env env, Napi::Object exports);

}  // namespace mj::bind
