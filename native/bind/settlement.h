#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "bind/addon_data.h"

namespace mj::bind {

// A promise that any thread may settle, once. While it is pending the process stays alive; where the environment
// ends first, the value is dropped.
template <typename T>
class Settlement : public std::enable_shared_from_this<Settlement<T>> {
 public:
  // Resolves or rejects on the JavaScript thread.
  using Finish = std::function<void(Napi::Env, const Napi::Promise::Deferred&, T&)>;

  static std::shared_ptr<Settlement> create(Napi::Env env, const char* name, Finish finish) {
    std::shared_ptr<Settlement> made(new Settlement(env, std::move(finish)));
    // The function's own hold; a thread that is still at work when the environment ends has another.
    made->function_ = Function::New(env, name, 0, 1, new std::shared_ptr<Settlement>(made),
                                    [](Napi::BasicEnv, void*, std::shared_ptr<Settlement>* held) {
                                      (*held)->abandon();
                                      delete held;
                                    });
    return made;
  }

  [[nodiscard]] Napi::Promise promise() const { return deferred_.Promise(); }

  void settle(T value) {
    const std::lock_guard<std::mutex> lock(mutex_);
    value_ = std::move(value);
    // On napi_closing the call has given up our hold already.
    if (!abandoned_ && function_.BlockingCall() == napi_ok) function_.Release();
  }

 private:
  Settlement(Napi::Env env, Finish finish) : deferred_(Napi::Promise::Deferred::New(env)), finish_(std::move(finish)) {}

  // Node deletes the function right after its finalizer, whoever still holds it: nothing may touch it any more.
  void abandon() {
    const std::lock_guard<std::mutex> lock(mutex_);
    abandoned_ = true;
  }

  static void call(Napi::Env env, Napi::Function, std::shared_ptr<Settlement>* held, void*) {
    // No environment, or one whose cleanup has begun: there is nobody left to tell.
    if (static_cast<napi_env>(env) == nullptr || !AddonData::of(env).alive()) return;
    const Napi::HandleScope scope(env);
    Settlement& self = **held;
    if (!self.value_) return;
    try {
      self.finish_(env, self.deferred_, *self.value_);
    } catch (const Napi::Error& error) {
      self.deferred_.Reject(error.Value());
    }
  }

  using Function = Napi::TypedThreadSafeFunction<std::shared_ptr<Settlement>, void, call>;

  const Napi::Promise::Deferred deferred_;
  const Finish finish_;
  std::mutex mutex_;
  bool abandoned_ = false;
  std::optional<T> value_;
  Function function_;
};

// Runs `work` on a thread of its own and settles with what it returns.
template <typename T>
Napi::Promise run_on_thread(Napi::Env env, const char* name, std::function<T()> work,
                            typename Settlement<T>::Finish finish) {
  const auto settlement = Settlement<T>::create(env, name, std::move(finish));
  std::thread([settlement, work = std::move(work)] { settlement->settle(work()); }).detach();
  return settlement->promise();
}

}  // namespace mj::bind
