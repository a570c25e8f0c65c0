#include "bind/addon_data.h"

namespace {

Napi::Object init(Napi::Env env, Napi::Object exports) {
  env.SetInstanceData(new mj::bind::AddonData(env));
  mj::bind::register_base(env, exports);
  mj::bind::register_energy(env, exports);
  mj::bind::register_ort(env, exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(microjoule, init)
