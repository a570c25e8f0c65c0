#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>

#include "bind/napi_setup.h"

namespace mj::bind {

// Something with a thread of its own that ends with the environment.
class Closable {
 public:
  virtual ~Closable() = default;
  virtual void close() = 0;
};

// The sessions' share of one Node environment: how other threads reach its JavaScript, and what ends with it.
// Everything but `post` belongs to the environment's thread.
class OrtEnvironment : public std::enable_shared_from_this<OrtEnvironment> {
 public:
  using Handler = std::function<void(Napi::Env)>;

  static std::shared_ptr<OrtEnvironment> create(Napi::Env env);

  // From now on `post(id)` calls the handler on the environment's thread; it keeps the process alive until `forget`, or
  // until `let_go`: the handler is then called only where something else keeps the process.
  uint64_t expect(Handler handler);
  void let_go(uint64_t id);
  void forget(uint64_t id);
  // From any thread; nothing where the environment has ended.
  void post(uint64_t id) noexcept;

  // Ends what is registered and lets go of JavaScript; with the environment at the latest. Twice is once.
  void close();

  // Of runs that have memory of this environment's.
  [[nodiscard]] const std::shared_ptr<std::atomic<int>>& borrowing() const noexcept { return borrowing_; }

  void add(Closable* closable) { closables_.insert(closable); }
  void remove(Closable* closable) { closables_.erase(closable); }

 private:
  explicit OrtEnvironment(Napi::Env env) : env_(env) {}
  static void deliver(Napi::Env env, Napi::Function, OrtEnvironment* self, void* data);
  using Queue = Napi::TypedThreadSafeFunction<OrtEnvironment, void, &OrtEnvironment::deliver>;
  void open();

  Napi::Env env_;
  const std::shared_ptr<std::atomic<int>> borrowing_ = std::make_shared<std::atomic<int>>(0);
  std::map<uint64_t, Handler> handlers_;
  std::set<uint64_t> holding_;  // those that keep the process alive
  std::set<Closable*> closables_;
  uint64_t next_id_ = 1;

  std::mutex mutex_;  // guards queue_ against its end
  Queue queue_;
  bool open_ = false;
  bool closed_ = false;
};

}  // namespace mj::bind
