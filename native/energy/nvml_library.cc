#include "energy/nvml_library.h"

#include <sys/stat.h>

#include <array>
#include <map>
#include <memory>
#include <tuple>
#include <vector>

namespace mj::energy {

namespace {

constexpr char kLibraryName[] = "libnvidia-ml.so.1";

// One entry a path. Its lock is held through nvmlInit, so that callers of one path share the outcome while a driver
// that never returns blocks nobody but them.
struct Entry {
  std::mutex mutex;
  std::unique_ptr<NvmlLibrary> library;
};

std::shared_ptr<Entry> entry_of(const std::string& path) {
  static auto* mutex = new std::mutex();
  static auto* entries = new std::map<std::string, std::shared_ptr<Entry>>();
  const std::lock_guard<std::mutex> lock(*mutex);
  std::shared_ptr<Entry>& entry = (*entries)[path];
  if (!entry) entry = std::make_shared<Entry>();
  return entry;
}

std::vector<std::string> candidates(const std::string& path) {
  if (path.empty()) return {kLibraryName, "/usr/lib/wsl/lib/libnvidia-ml.so.1"};
  struct stat info{};
  if (stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) return {path + "/" + kLibraryName};
  return {path};
}

}  // namespace

Status NvmlLibrary::open(const std::string& path, const NvmlLibrary*& out) {
  const std::shared_ptr<Entry> entry = entry_of(path);
  const std::lock_guard<std::mutex> lock(entry->mutex);
  if (!entry->library) {
    auto library = std::make_unique<NvmlLibrary>();
    Status status = library->initialise(path);
    if (!status.ok()) return status;
    entry->library = std::move(library);
  }
  out = entry->library.get();
  return {};
}

Status NvmlLibrary::initialise(const std::string& path) {
  Status opened = DynLib::open(candidates(path), library_);
  if (!opened.ok()) {
    return {Code::kLibraryNotFound, "NVIDIA's management library could not be opened: " + opened.message + ".",
            "Install the NVIDIA driver; in a container, start it with the GPUs (docker run --gpus all)."};
  }
  std::string missing;
#define X(member, symbol, ...) \
  if (!library_.load(api.member, #symbol)) missing += (missing.empty() ? "" : ", ") + std::string(#symbol);
  MJ_NVML_REQUIRED(X)
#undef X
  if (!missing.empty()) {
    return {Code::kLibraryNotFound, library_.name() + " lacks " + missing + ".", "Update the NVIDIA driver."};
  }
#define X(member, symbol, ...) std::ignore = library_.load(api.member, #symbol);
  MJ_NVML_OPTIONAL(X)
#undef X
  simulated = library_.symbol("microjoule_simulated") != nullptr;

  const nvml::Return result = api.init();
  if (result != nvml::kSuccess) return status_of(result, "nvmlInit_v2");

  std::array<char, nvml::kTextSize> text{};
  if (api.driver_version != nullptr && api.driver_version(text.data(), text.size()) == nvml::kSuccess) {
    driver_version = text.data();
  }
  if (api.cuda_version != nullptr && api.cuda_version(&cuda_version) != nvml::kSuccess) cuda_version = 0;
  return {};
}

Status NvmlLibrary::status_of(nvml::Return result, const std::string& what) const {
  switch (result) {
    case nvml::kSuccess:
      return {};
    case nvml::kNotSupported:
      return {Code::kNotSupported, "The driver does not offer " + what + " on this GPU."};
    case nvml::kFunctionNotFound:
      return {Code::kNotSupported, "This driver's library has no " + what + ".", "Update the NVIDIA driver."};
    case nvml::kNoPermission:
      return {Code::kPermissionDenied, "The driver refused " + what + " to this user.",
              "Check the permissions of /dev/nvidia* and /dev/nvidiactl, or run as root."};
    case nvml::kDriverNotLoaded:
      return {Code::kDriverFailure, "The NVIDIA driver is not loaded.", "Load it: sudo modprobe nvidia"};
    case nvml::kLibRmVersionMismatch:
      return {Code::kDriverFailure, "The NVIDIA library and the loaded kernel module are of different versions.",
              "Reboot, or reload the kernel module after the driver update."};
    case nvml::kGpuIsLost:
      return {Code::kDeviceLost, "The GPU has fallen off the bus.", "Look for Xid errors: sudo dmesg | grep -i xid"};
    case nvml::kResetRequired:
      return {Code::kDeviceLost, "The GPU needs a reset.", "sudo nvidia-smi --gpu-reset, or reboot."};
    default:
      break;
  }
  const char* text = api.error_string != nullptr ? api.error_string(result) : nullptr;
  return {Code::kDriverFailure, what + " failed: " + (text != nullptr ? text : "unknown error") + " (NVML " +
                                    std::to_string(static_cast<int>(result)) + ")."};
}

}  // namespace mj::energy
