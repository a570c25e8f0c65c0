#pragma once

#include <string>
#include <utility>

namespace mj {

// The closed list of error codes. src/errors.ts holds the same names; a test compares the two.
#define MJ_STATUS_CODES(X)                        \
  X(kUnsupportedPlatform, "unsupported-platform") \
  X(kLibraryNotFound, "library-not-found")        \
  X(kOrtVersion, "ort-version")                   \
  X(kProviderUnavailable, "provider-unavailable") \
  X(kPermissionDenied, "permission-denied")       \
  X(kCounterLost, "counter-lost")                 \
  X(kInvalidArgument, "invalid-argument")         \
  X(kInvalidModel, "invalid-model")               \
  X(kSessionReleased, "session-released")         \
  X(kMeterClosed, "meter-closed")                 \
  X(kOutOfMemory, "out-of-memory")                \
  X(kOutOfDeviceMemory, "out-of-device-memory")   \
  X(kDeviceLost, "device-lost")                   \
  X(kDriverFailure, "driver-failure")             \
  X(kOrtFailure, "ort-failure")                   \
  X(kIoFailure, "io-failure")                     \
  X(kTimeout, "timeout")                          \
  X(kAborted, "aborted")                          \
  X(kNotSupported, "not-supported")               \
  X(kInternal, "internal")

enum class Code {
  kOk = 0,
#define X(symbol, text) symbol,
  MJ_STATUS_CODES(X)
#undef X
};

const char* code_name(Code code) noexcept;

// A failure as a value: a code to branch on, one sentence, and what mends it.
struct Status {
  Code code = Code::kOk;
  std::string message;
  std::string remedy;

  Status() = default;
  Status(Code c, std::string m, std::string r = {}) : code(c), message(std::move(m)), remedy(std::move(r)) {}

  [[nodiscard]] bool ok() const noexcept { return code == Code::kOk; }
};

}  // namespace mj
