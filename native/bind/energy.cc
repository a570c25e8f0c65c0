#include "bind/addon_data.h"

namespace mj::bind {

void register_energy(Napi::Env, Napi::Object) {}

}  // namespace mj::bind
