#include "base/status.h"

namespace mj {

const char* code_name(Code code) noexcept {
  switch (code) {
    case Code::kOk:
      return "ok";
#define X(symbol, text) \
  case Code::symbol:    \
    return text;
      MJ_STATUS_CODES(X)
#undef X
  }
  return "internal";
}

}  // namespace mj
