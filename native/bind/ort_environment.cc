#include "bind/ort_environment.h"

#include <utility>

#include "bind/addon_data.h"
#include "ort/exit_guard.h"

namespace mj::bind {

std::shared_ptr<OrtEnvironment> OrtEnvironment::create(Napi::Env env) {
  std::shared_ptr<OrtEnvironment> self(new OrtEnvironment(env));
  AddonData::of(env).add([self] {
    self->close();
    ort::outlast(*self->borrowing_);
  });
  return self;
}

// On first use: an environment that never makes a session has no queue.
void OrtEnvironment::open() {
  if (open_ || closed_) return;
  // The queue may outlive us on its way out, so it holds a share of us.
  auto* share = new std::shared_ptr<OrtEnvironment>(shared_from_this());
  queue_ = Queue::New(
      env_, "microjoule", 0, 1, this,
      [](Napi::Env, std::shared_ptr<OrtEnvironment>* held, OrtEnvironment*) { delete held; }, share);
  queue_.Unref(env_);
  open_ = true;
}

uint64_t OrtEnvironment::expect(Handler handler) {
  open();
  if (holding_.empty() && open_) queue_.Ref(env_);
  const uint64_t id = next_id_++;
  holding_.insert(id);
  handlers_.emplace(id, std::move(handler));
  return id;
}

void OrtEnvironment::forget(uint64_t id) {
  handlers_.erase(id);
  let_go(id);
}

void OrtEnvironment::let_go(uint64_t id) {
  if (holding_.erase(id) > 0 && holding_.empty() && open_) queue_.Unref(env_);
}

void OrtEnvironment::post(uint64_t id) noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (open_) {
    // The queue carries pointers; an id travels in one and is never followed.
    // NOLINTNEXTLINE(performance-no-int-to-ptr)
    queue_.NonBlockingCall(reinterpret_cast<void*>(static_cast<uintptr_t>(id)));
  }
}

void OrtEnvironment::deliver(Napi::Env env, Napi::Function, OrtEnvironment* self, void* data) {
  if (env == nullptr) return;
  const auto found = self->handlers_.find(reinterpret_cast<uintptr_t>(data));
  if (found == self->handlers_.end()) return;
  // A copy: the handler may forget itself.
  const Handler handler = found->second;
  handler(env);
}

void OrtEnvironment::close() {
  closed_ = true;
  for (Closable* closable : std::exchange(closables_, {})) closable->close();
  handlers_.clear();
  holding_.clear();
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!std::exchange(open_, false)) return;
  queue_.Abort();
}

}  // namespace mj::bind
