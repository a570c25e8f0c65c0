// takeTurn of NativeSession (src/native.ts): a measurement's turn on the session's device.
#include <utility>

#include "bind/ort_session.h"
#include "ort/device_use.h"

namespace mj::bind {

namespace {

// Ends when JavaScript says so, when nobody holds it any more, or with its environment: others wait for it.
struct HeldTurn final : Closable {
  explicit HeldTurn(std::shared_ptr<OrtEnvironment> of) : environment(std::move(of)) { environment->add(this); }
  ~HeldTurn() override { end(); }
  HeldTurn(const HeldTurn&) = delete;
  HeldTurn& operator=(const HeldTurn&) = delete;

  void close() override { turn.reset(); }
  void end() {
    turn.reset();
    environment->remove(this);
    environment->forget(expected);
  }

  const std::shared_ptr<OrtEnvironment> environment;
  std::unique_ptr<ort::Turn> turn;
  uint64_t expected = 0;
};

}  // namespace

// takeTurn(exclusive, granted): gives the function that ends it
Napi::Value SessionBinding::take_turn(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  require_open(env);
  const auto held = std::make_shared<HeldTurn>(environment_);
  const auto granted = std::make_shared<Napi::FunctionReference>(Napi::Persistent(info[1].As<Napi::Function>()));
  const uint64_t id = environment_->expect([granted](Napi::Env) { granted->Call({}); });
  held->expected = id;
  held->turn = std::make_unique<ort::Turn>(model_->user(), info[0].As<Napi::Boolean>().Value(),
                                           [environment = environment_, id] { environment->post(id); });
  return Napi::Function::New(env, [held](const Napi::CallbackInfo&) { held->end(); });
}

}  // namespace mj::bind
