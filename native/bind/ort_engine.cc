#include "bind/ort_engine.h"

#include <string>
#include <utility>
#include <vector>

#include "bind/addon_data.h"
#include "bind/ort_options.h"
#include "bind/settlement.h"
#include "ort/cuda_device.h"
#include "ort/provider_libraries.h"

namespace mj::bind {

namespace {

struct Target {
  Status status;
  std::string tensorrt;
  ort::CudaDevice device;
};

Target find_target(const std::string& folder, const std::vector<std::string>& folders, int ordinal) {
  Target target;
  ort::ProviderLibraries libraries;
  target.status = ort::find_provider_libraries("tensorrt", folder, folders, libraries);
  if (target.status.ok()) target.status = ort::open_provider_libraries("tensorrt", libraries);
  if (target.status.ok()) target.status = ort::find_cuda_device(ordinal, target.device);
  if (target.status.ok()) target.tensorrt = ort::tensorrt_version(libraries);
  return target;
}

void finish(Napi::Env env, const Napi::Promise::Deferred& deferred, Target& target) {
  if (!target.status.ok()) {
    deferred.Reject(to_error(env, target.status));
    return;
  }
  const ort::CudaModel& model = target.device.model;
  Napi::Object object = Napi::Object::New(env);
  object.Set("tensorrt", target.tensorrt);
  object.Set("uuid", target.device.uuid);
  object.Set("name", model.name);
  object.Set("computeCapability",
             model.major > 0 ? std::to_string(model.major) + '.' + std::to_string(model.minor) : std::string());
  object.Set("multiprocessors", model.multiprocessors);
  object.Set("memoryBytes", static_cast<double>(model.memory_bytes));
  deferred.Resolve(object);
}

}  // namespace

// Opening the libraries takes a second: it has a thread of its own.
Napi::Value engine_target(const Napi::CallbackInfo& info) {
  std::string folder = info[0].As<Napi::String>().Utf8Value();
  std::vector<std::string> folders = read_texts(info[1].As<Napi::Array>());
  const int ordinal = info[2].As<Napi::Number>().Int32Value();
  return run_on_thread<Target>(
      info.Env(), "microjoule engine target",
      [folder = std::move(folder), folders = std::move(folders), ordinal] {
        return find_target(folder, folders, ordinal);
      },
      finish);
}

}  // namespace mj::bind
