#include "bind/energy_alignment.h"

#include "bind/energy_convert.h"
#include "bind/settlement.h"
#include "energy/alignment.h"
#include "energy/resolution.h"

namespace mj::bind {

namespace {

Napi::Value aligned(Napi::Env env, const std::vector<energy::Alignment::Outcome>& outcomes) {
  std::vector<energy::Figure> figures;
  std::vector<std::string> reasons;
  for (const energy::Alignment::Outcome& outcome : outcomes) {
    figures.push_back(outcome.figure);
    reasons.push_back(outcome.unaligned.message);
  }
  Napi::Object object = Napi::Object::New(env);
  object.Set("resolved", resolved(env, energy::resolution_of(figures)));
  object.Set("reasons", strings(env, reasons));
  return object;
}

}  // namespace

Napi::Value align(const Napi::CallbackInfo& info, const std::shared_ptr<MeterHandle>& handle) {
  const Napi::Env env = info.Env();
  const auto alignment = std::make_shared<energy::Alignment>(handle->require(env).shared_data());
  const Status possible = alignment->possible();
  if (!possible.ok()) throw_status(env, possible);
  Napi::Object object = Napi::Object::New(env);
  object.Set("close", Napi::Function::New(
                          env,
                          [alignment](const Napi::CallbackInfo& marks) {
                            alignment->close(instant(marks[0]), instant(marks[1]));
                            return aligned(marks.Env(), alignment->outcomes());
                          },
                          "close"));
  alignment->open();
  return object;
}

}  // namespace mj::bind
