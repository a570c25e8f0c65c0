#include "ort/provider_libraries.h"

#include <dlfcn.h>
#include <unistd.h>

#include <array>

#include "base/dynlib.h"
#include "base/elf.h"
#include "base/elf_stub.h"
#include "ort/library_packages.h"
#include "ort/plugin_libraries.h"
#include "ort/tf32_override.h"

namespace mj::ort {

namespace {

// TensorRT hands to CUDA what it cannot take, so it needs both.
std::vector<std::string> provider_files(const std::string& name) {
  if (name == "cuda") return {"libonnxruntime_providers_shared.so", "libonnxruntime_providers_cuda.so"};
  if (name == "tensorrt") {
    return {"libonnxruntime_providers_shared.so", "libonnxruntime_providers_cuda.so",
            "libonnxruntime_providers_tensorrt.so"};
  }
  return {};
}

Status check_files(const std::string& name, const std::string& folder, std::string& missing) {
  for (const std::string& file : provider_files(name)) {
    if (access((folder + "/" + file).c_str(), R_OK) == 0) continue;
    missing = file;
    return {Code::kProviderUnavailable,
            "The execution provider '" + name + "' needs " + file + ", which is not in " + folder + ".",
            "Reinstall onnxruntime-node with its install script allowed (ONNXRUNTIME_NODE_INSTALL=cuda12), or put the "
            "provider libraries of the same release there."};
  }
  return {};
}

// What the CUDA provider and cuDNN open by name when they run. cuFFT is only for Fourier transforms, NVRTC only for
// what cuDNN compiles on the spot.
struct Late {
  std::string name;
  bool required;
};

std::vector<Late> late_libraries(int cuda) {
  std::vector<Late> late{{"libcudnn.so.9", true}};
  // The major of cuFFT is one behind CUDA's: 11 with CUDA 12, 12 with CUDA 13.
  if (cuda > 0) {
    late.push_back({"libcufft.so." + std::to_string(cuda - 1), false});
    late.push_back({"libnvrtc.so." + std::to_string(cuda), false});
  }
  return late;
}

// A library's own word on its version: names say no more than the major, and cuDNN's not for which CUDA it was built.
struct VersionRule {
  const char* stem;
  const char* symbol;
  size_t unit;  // that many to a major version
  bool of_cuda;
};
constexpr std::array<VersionRule, 3> kVersionRules{{{"libcudnn", "cudnnGetVersion", 10000, false},
                                                    {"libcudnn", "cudnnGetCudartVersion", 1000, true},
                                                    {"libnvinfer", "getInferLibVersion", 10000, false}}};

Status check_version(const std::string& provider, const FoundLibrary& library, int cuda) {
  const DynLib lib = DynLib::loaded(library.name);
  for (const VersionRule& rule : kVersionRules) {
    const int wanted = rule.of_cuda ? cuda : library_major(library.name);
    size_t (*version)() = nullptr;
    if (library_stem(library.name) != rule.stem || wanted == 0 || !lib.load(version, rule.symbol)) continue;
    // Two of them return an int: its upper half, which says nothing, is dropped.
    const size_t major = static_cast<unsigned>(version()) / rule.unit;
    if (major == static_cast<size_t>(wanted)) continue;
    const std::string what = rule.of_cuda ? "for CUDA " : "as version ";
    return {Code::kProviderUnavailable,
            "The execution provider '" + provider + "' needs " + library.name + " built " + what +
                std::to_string(wanted) + "; " + DynLib::loaded_path(library.name) + " is built " + what +
                std::to_string(major) + ".",
            library_remedy(library.name, cuda)};
  }
  return {};
}

Status open_one(const FoundLibrary& library) {
  if (!library.parts.empty()) {
    return open_with_folders(library.name, {library.path.substr(0, library.path.rfind('/')), library.parts});
  }
  DynLib lib;
  return DynLib::open({library.path.empty() ? library.name : library.path}, lib);
}

}  // namespace

int cuda_major(const std::string& provider_file) {
  ElfDynamic elf;
  if (!read_elf(provider_file, elf).ok()) return 0;
  for (const std::string& name : elf.needed) {
    const std::string stem = library_stem(name);
    if (stem == "libcudart" || stem == "libcublas" || stem == "libcublasLt") return library_major(name);
  }
  return 0;
}

Status find_provider_libraries(const std::string& name, const std::string& folder,
                               const std::vector<std::string>& folders, ProviderLibraries& out) {
  out = {};
  if (const PluginProvider* plugin = plugin_provider(name)) return find_plugin_libraries(*plugin, folder, folders, out);
  const std::vector<std::string> files = provider_files(name);
  if (files.empty()) return {};
  if (Status status = check_files(name, folder, out.missing); !status.ok()) return status;
  const std::string cuda_file = folder + "/libonnxruntime_providers_cuda.so";
  out.cuda = cuda_major(cuda_file);
  const LibrarySearch search{name, folders, out.cuda};
  LibraryFinder finder(search);
  Status status;
  for (size_t i = 0; status.ok() && i < files.size(); ++i) status = finder.add_needed_by(folder + "/" + files[i]);
  for (const Late& late : late_libraries(out.cuda)) {
    if (status.ok()) status = finder.add(late.name, cuda_file, late.required);
  }
  out.libraries = finder.libraries();
  out.missing = finder.missing();
  return status;
}

// For nobody but those who ask by name (RTLD_LOCAL): two copies of one library can then not mix.
Status open_provider_libraries(const std::string& name, const ProviderLibraries& found) {
  note_tf32_override();
  for (const FoundLibrary& library : found.libraries) {
    if (!library.loaded) {
      if (const Status status = open_one(library); !status.ok()) {
        return {Code::kProviderUnavailable,
                "The execution provider '" + name + "' needs " + library.name +
                    ", which cannot be loaded: " + status.message + ".",
                library_remedy(library.name, found.cuda)};
      }
    }
    if (Status status = check_version(name, library, found.cuda); !status.ok()) return status;
  }
  return {};
}

std::string tensorrt_version(const ProviderLibraries& found) {
  for (const FoundLibrary& library : found.libraries) {
    if (library_stem(library.name) != "libnvinfer") continue;
    const DynLib lib = DynLib::loaded(library.name);
    int (*version)() = nullptr;
    if (!lib.load(version, "getInferLibVersion")) return {};
    // From NvInferVersion.h: major * 10000 + minor * 100 + patch, up to release 8 major * 1000.
    const int number = version();
    const int unit = number >= 100000 ? 10000 : 1000;
    return std::to_string(number / unit) + '.' + std::to_string(number % unit / 100) + '.' +
           std::to_string(number % 100);
  }
  return {};
}

}  // namespace mj::ort
