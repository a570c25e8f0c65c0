#include "ort/providers.h"

#include <algorithm>
#include <cstdlib>

#include "ort/error.h"
#include "ort/plugin.h"
#include "ort/provider_libraries.h"

namespace mj::ort {

namespace {

std::vector<const char*> pointers(const std::vector<std::string>& strings) {
  std::vector<const char*> result;
  result.reserve(strings.size());
  for (const std::string& text : strings) result.push_back(text.c_str());
  return result;
}

template <typename Options, typename Create, typename Update, typename Append>
Status append_v2(const ProviderRequest& provider, Create create, Update update, Append append) {
  Owned<Options> options;
  MJ_ORT_RETURN(create(out(options)), Activity::kCreate);
  const std::vector<const char*> keys = pointers(provider.keys);
  const std::vector<const char*> values = pointers(provider.values);
  if (Status status = take(update(options.get(), keys.data(), values.data(), keys.size())); !status.ok()) {
    status.message = "Options of the execution provider '" + provider.name + "': " + status.message;
    if (status.code == Code::kOrtFailure) status.code = Code::kInvalidArgument;
    return status;
  }
  return take(append(options.get()), Activity::kCreate);
}

}  // namespace

bool on_cuda(const ProviderRequest& provider) noexcept {
  return provider.name == "cuda" || provider.name == "tensorrt" || plugin_provider(provider.name) != nullptr;
}

int device_ordinal(const ProviderRequest& provider) {
  const auto key = std::find(provider.keys.begin(), provider.keys.end(), kDeviceId);
  if (key == provider.keys.end()) return 0;
  const std::string& value = provider.values[static_cast<size_t>(key - provider.keys.begin())];
  return static_cast<int>(std::strtol(value.c_str(), nullptr, 10));
}

Status find_device(const ProviderRequest& provider, CudaDevice& out) {
  if (plugin_provider(provider.name) != nullptr) return find_plugin_device(provider, out);
  return find_cuda_device(device_ordinal(provider), out);
}

Status append_provider(abi::SessionOptions* options, const ProviderRequest& provider) {
  if (provider.name == "cpu") return {};
  if (on_cuda(provider)) {
    ProviderLibraries libraries;
    Status status = find_provider_libraries(provider.name, library().folder, provider.folders, libraries);
    if (status.ok()) status = open_provider_libraries(provider.name, libraries);
    if (!status.ok()) return status;
    if (!libraries.plugin.empty()) return append_plugin(options, provider, libraries.plugin);
  }
  if (provider.name == "cuda") {
    return append_v2<abi::CudaOptions>(
        provider, api().CreateCUDAProviderOptions, api().UpdateCUDAProviderOptions,
        [options](abi::CudaOptions* o) { return api().SessionOptionsAppendExecutionProvider_CUDA_V2(options, o); });
  }
  if (provider.name == "tensorrt") {
    return append_v2<abi::TensorRtOptions>(provider, api().CreateTensorRTProviderOptions,
                                           api().UpdateTensorRTProviderOptions, [options](abi::TensorRtOptions* o) {
                                             return api().SessionOptionsAppendExecutionProvider_TensorRT_V2(options, o);
                                           });
  }
  const std::vector<const char*> keys = pointers(provider.keys);
  const std::vector<const char*> values = pointers(provider.values);
  Status status = take(api().SessionOptionsAppendExecutionProvider(options, provider.name.c_str(), keys.data(),
                                                                   values.data(), keys.size()),
                       Activity::kOther);
  if (!status.ok()) status.code = Code::kProviderUnavailable;
  return status;
}

}  // namespace mj::ort
