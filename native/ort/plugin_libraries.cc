#include "ort/plugin_libraries.h"

#include <unistd.h>

#include <algorithm>
#include <array>

namespace mj::ort {

namespace {

constexpr std::array<PluginProvider, 1> kPlugins{{
    {"nv-tensorrt-rtx", "NvTensorRTRTXExecutionProvider", "libonnxruntime_providers_nv_tensorrt_rtx.so", "libtensorrt_",
     "onnxruntime-ep-nv-tensorrt-rtx", "an NVIDIA RTX GPU of the Ampere generation or a later one"},
}};

Status absent(const PluginProvider& plugin, const std::string& name, size_t folders, int cuda) {
  const std::string package = plugin.package;
  const std::string wheel = cuda > 0 ? package + "-cu" + std::to_string(cuda)
                                     : package + "-cu13 (for CUDA 13, or " + package + "-cu12 for CUDA 12)";
  return {
      Code::kProviderUnavailable,
      "The execution provider '" + std::string(plugin.name) + "' needs " + name + ", which is in none of the " +
          std::to_string(folders) + " folders looked in.",
      "pip install " + wheel + "; if it is installed elsewhere, give its folder as libraryFolders (--library-folder)."};
}

}  // namespace

const PluginProvider* plugin_provider(const std::string& name) noexcept {
  const auto* found =
      std::find_if(kPlugins.begin(), kPlugins.end(), [&name](const PluginProvider& one) { return name == one.name; });
  return found == kPlugins.end() ? nullptr : found;
}

Status find_plugin_libraries(const PluginProvider& plugin, const std::string& folder,
                             const std::vector<std::string>& folders, ProviderLibraries& out) {
  std::vector<std::string> places{folder};
  places.insert(places.end(), folders.begin(), folders.end());
  const auto holds = [&plugin](const std::string& place) {
    return access((place + "/" + plugin.file).c_str(), R_OK) == 0;
  };
  const auto found = std::find_if(places.begin(), places.end(), holds);
  if (found == places.end()) {
    out.missing = plugin.file;
    return absent(plugin, plugin.file, places.size(), 0);
  }
  out.plugin = *found + "/" + plugin.file;
  out.cuda = cuda_major(out.plugin);
  // What its package brings along lies beside it, and its library has no search path.
  std::rotate(places.begin(), found, found + 1);
  const LibrarySearch search{plugin.name, places, out.cuda};
  LibraryFinder finder(search);
  Status status = finder.add_needed_by(out.plugin);
  out.libraries = finder.libraries();
  out.missing = finder.missing();
  if (!status.ok()) return status;
  for (const FoundLibrary& library : out.libraries) {
    if (library.loaded || !library.path.empty() || library.name.rfind(plugin.own, 0) != 0) continue;
    out.missing = library.name;
    return absent(plugin, library.name, places.size(), out.cuda);
  }
  return {};
}

}  // namespace mj::ort
