#include "bind/addon_data.h"

namespace mj::bind {

void register_ort(Napi::Env, Napi::Object) {}

}  // namespace mj::bind
