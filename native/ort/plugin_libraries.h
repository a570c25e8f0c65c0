#pragma once

// Execution providers in libraries of their own, which are no part of ONNX Runtime's release: where theirs is found,
// and what it needs.
#include <string>
#include <vector>

#include "base/status.h"
#include "ort/provider_libraries.h"

namespace mj::ort {

struct PluginProvider {
  const char* name;     // ours
  const char* listed;   // as its library names it
  const char* file;     // of the library
  const char* own;      // how the names of the libraries begin that its package brings along
  const char* package;  // wheel, without the CUDA that it is for
  const char* needs;    // which GPUs it is for
};

// Null where the name is not that of a plugin.
const PluginProvider* plugin_provider(const std::string& name) noexcept;

// As find_provider_libraries, which calls it; `out.plugin` is the provider's own library.
Status find_plugin_libraries(const PluginProvider& plugin, const std::string& folder,
                             const std::vector<std::string>& folders, ProviderLibraries& out);

}  // namespace mj::ort
