#include "ort/providers.h"

#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/elf.h"
#include "ort/error.h"

namespace mj::ort {

namespace {

std::vector<const char*> pointers(const std::vector<std::string>& strings) {
  std::vector<const char*> result;
  result.reserve(strings.size());
  for (const std::string& text : strings) result.push_back(text.c_str());
  return result;
}

bool exists(const std::string& path) { return access(path.c_str(), R_OK) == 0; }

// The package that ships a library, where its name tells.
std::string remedy_for(const std::string& file) {
  struct Origin {
    const char* prefix;
    const char* remedy;
  };
  static constexpr std::array<Origin, 5> kOrigins{{
      {"libnvinfer", "Install TensorRT 10 and make its lib folder known to the loader (LD_LIBRARY_PATH)."},
      {"libnvonnxparser", "Install TensorRT 10 and make its lib folder known to the loader (LD_LIBRARY_PATH)."},
      {"libcudnn", "Install cuDNN 9 and make its lib folder known to the loader (LD_LIBRARY_PATH)."},
      {"libcuda.so", "Install the NVIDIA driver; in a container, start it with the GPU (--gpus all)."},
      {"libcu",
       "Install the CUDA toolkit's runtime libraries and make their folder known to the loader "
       "(LD_LIBRARY_PATH)."},
  }};
  for (const Origin& origin : kOrigins) {
    if (file.rfind(origin.prefix, 0) == 0) return origin.remedy;
  }
  return "Install the package that has " + file + ", or make its folder known to the loader (LD_LIBRARY_PATH).";
}

// ONNX Runtime's own files find one another beside the library; the C library's are loaded with Node.
bool always_there(const std::string& name) {
  static constexpr std::array<const char*, 9> kPrefixes{"libonnxruntime", "libc.so",   "libm.so",
                                                        "libdl.so",       "librt.so",  "libpthread.so",
                                                        "libgcc_s",       "libstdc++", "ld-linux"};
  return std::any_of(kPrefixes.begin(), kPrefixes.end(),
                     [&name](const char* prefix) { return name.rfind(prefix, 0) == 0; });
}

// Each library by its own name and for everybody: the provider then finds them already loaded.
Status open_needed(const std::string& provider_name, const std::string& file, const std::string& folder) {
  std::vector<std::string> needed;
  if (Status status = elf_needed(file, needed); !status.ok()) return status;
  for (const std::string& name : needed) {
    if (always_there(name)) continue;
    if (dlopen(name.c_str(), RTLD_NOW | RTLD_GLOBAL) != nullptr) continue;
    const char* text = dlerror();
    const std::string why = text != nullptr ? text : name;
    if (exists(folder + "/" + name) && dlopen((folder + "/" + name).c_str(), RTLD_NOW | RTLD_GLOBAL) != nullptr) {
      continue;
    }
    return {Code::kProviderUnavailable,
            "The execution provider '" + provider_name + "' needs " + name + ", which cannot be loaded: " + why + ".",
            remedy_for(name)};
  }
  return {};
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
  return provider.name == "cuda" || provider.name == "tensorrt";
}

int device_ordinal(const ProviderRequest& provider) {
  const auto key = std::find(provider.keys.begin(), provider.keys.end(), "device_id");
  if (key == provider.keys.end()) return 0;
  const std::string& value = provider.values[static_cast<size_t>(key - provider.keys.begin())];
  return static_cast<int>(std::strtol(value.c_str(), nullptr, 10));
}

Status prepare_provider(const std::string& name, const std::string& folder) {
  if (name != "cuda" && name != "tensorrt") return {};
  // TensorRT hands to CUDA what it cannot take, so it needs both.
  std::vector<std::string> files{"libonnxruntime_providers_shared.so", "libonnxruntime_providers_cuda.so"};
  if (name == "tensorrt") files.emplace_back("libonnxruntime_providers_tensorrt.so");
  for (const std::string& file : files) {
    if (exists(folder + "/" + file)) continue;
    return {Code::kProviderUnavailable,
            "The execution provider '" + name + "' needs " + file + ", which is not in " + folder + ".",
            "Reinstall onnxruntime-node with its install script allowed (ONNXRUNTIME_NODE_INSTALL_CUDA), or put the "
            "provider libraries of the same release there."};
  }
  for (const std::string& file : files) {
    if (Status status = open_needed(name, folder + "/" + file, folder); !status.ok()) return status;
  }
  return {};
}

Status append_provider(abi::SessionOptions* options, const ProviderRequest& provider) {
  if (provider.name == "cpu") return {};
  if (Status status = prepare_provider(provider.name, library().folder); !status.ok()) return status;
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
