#include "ort/library_packages.h"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace mj::ort {

namespace {

// {cuda}: major of CUDA; {major}: of the library. The wheels' versions begin with the latter.
struct Package {
  const char* prefix;  // of the library's stem
  const char* wheel;
  bool suffixed;  // '-cu13': NVIDIA names the toolkit's own wheels so only up to CUDA 12
  const char* system;
};

constexpr std::array<Package, 10> kPackages{{
    {"libcudart", "nvidia-cuda-runtime", false, "cuda-cudart-{cuda}-*"},
    {"libcublas", "nvidia-cublas", false, "libcublas-{cuda}-*"},
    {"libcurand", "nvidia-curand", false, "libcurand-{cuda}-*"},
    {"libcufft", "nvidia-cufft", false, "libcufft-{cuda}-*"},
    {"libnvrtc", "nvidia-cuda-nvrtc", false, "cuda-nvrtc-{cuda}-*"},
    {"libnvJitLink", "nvidia-nvjitlink", false, "libnvjitlink-{cuda}-*"},
    {"libcudnn", "nvidia-cudnn", true, "libcudnn{major}-cuda-{cuda}"},
    {"libnvinfer_plugin", "tensorrt", true, "libnvinfer-plugin{major}"},
    {"libnvinfer", "tensorrt", true, "libnvinfer{major}"},
    {"libnvonnxparser", "tensorrt", true, "libnvonnxparsers{major}"},
}};

bool starts_with(const std::string& text, const char* prefix) { return text.rfind(prefix, 0) == 0; }

const Package* package_of(const std::string& name) {
  const auto* found = std::find_if(kPackages.begin(), kPackages.end(),
                                   [&name](const Package& package) { return starts_with(name, package.prefix); });
  return found == kPackages.end() ? nullptr : found;
}

std::string filled(std::string text, const std::string& mark, int value) {
  if (const size_t at = text.find(mark); at != std::string::npos) text.replace(at, mark.size(), std::to_string(value));
  return text;
}

constexpr const char* kElsewhere = "give its folder as libraryFolders (--library-folder)";

}  // namespace

std::string library_stem(const std::string& name) { return name.substr(0, name.find(".so")); }

int library_major(const std::string& name) {
  constexpr char kMark[] = ".so.";
  const size_t at = name.find(kMark);
  if (at == std::string::npos) return 0;
  return static_cast<int>(std::strtol(name.c_str() + at + sizeof(kMark) - 1, nullptr, 10));
}

bool of_driver(const std::string& name) { return starts_with(name, "libcuda.so") || starts_with(name, "libnvidia-"); }

bool packaged(const std::string& name) { return package_of(name) != nullptr; }

std::string library_remedy(const std::string& name, int cuda) {
  if (of_driver(name)) return "Install the NVIDIA driver; in a container, start it with the GPU (--gpus all).";
  const Package* package = package_of(name);
  if (package == nullptr || cuda == 0) {
    return "Install the package that has " + name + "; if it is installed elsewhere, " + kElsewhere + ".";
  }
  const int major = library_major(name);
  const std::string suffix = package->suffixed || cuda <= 12 ? "-cu" + std::to_string(cuda) : "";
  const std::string system = filled(filled(package->system, "{cuda}", cuda), "{major}", major);
  return "pip install '" + (package->wheel + suffix) + "==" + std::to_string(major) + ".*', or install " + system +
         " from NVIDIA's repository; if it is installed elsewhere, " + kElsewhere + ".";
}

}  // namespace mj::ort
