#pragma once

#include <string>

#include "base/status.h"
#include "ort/ort_abi.h"

namespace mj::ort {

// What ONNX Runtime was doing when it failed: the same code of theirs means different things.
enum class Activity { kCreate, kRun, kOther };

// Takes and releases the status (null is success) and translates it into one of our codes.
Status take(abi::Status* status, Activity activity = Activity::kOther);

// The translation itself: `code` is theirs.
Status translate(abi::ErrorCode code, const std::string& text, Activity activity);

}  // namespace mj::ort

// Returns from the function where ONNX Runtime reports a failure.
#define MJ_ORT_RETURN(call, ...)                                                                    \
  do {                                                                                              \
    if (::mj::ort::abi::Status* failure_ = (call)) return ::mj::ort::take(failure_, ##__VA_ARGS__); \
  } while (false)
