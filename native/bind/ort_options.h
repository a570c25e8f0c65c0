#pragma once

#include <string>
#include <vector>

#include "bind/napi_setup.h"
#include "measure/loop.h"
#include "measure/phases.h"
#include "ort/model.h"

namespace mj::bind {

struct SessionRequest {
  std::string library;
  ort::ModelOptions model;
  // Values whose bytes the options point into: to be kept until the model is loaded.
  std::vector<Napi::Value> held;
  int64_t executor_spin_ns = 0;
  int64_t caller_wait_ns = 0;
};

std::vector<std::string> read_texts(const Napi::Array& list);
// From NativeSessionOptions, NativeRunSettings, NativeMeasureRequest and NativePhasesRequest of src/native.ts.
SessionRequest read_session_request(const Napi::Object& options);
ort::RunSettings read_run_settings(const Napi::Object& settings);
measure::LoopRequest read_loop_request(const Napi::Object& request);
measure::PhasesRequest read_phases_request(const Napi::Object& request);

}  // namespace mj::bind
