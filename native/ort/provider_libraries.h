#pragma once

// The libraries of CUDA, cuDNN and TensorRT that a provider needs.
#include <string>
#include <vector>

#include "base/status.h"
#include "ort/library_search.h"

namespace mj::ort {

struct ProviderLibraries {
  std::vector<FoundLibrary> libraries;  // in the order in which they are opened
  std::string missing;                  // the first file that is not there; empty: none
  int cuda = 0;                         // major of CUDA that the provider was built for; 0: not known
  std::string plugin;                   // the library of a provider that is registered; empty: of all others
};

// Major of CUDA that a provider's library asks the loader for; 0: none.
int cuda_major(const std::string& provider_file);

// Finds everything that 'cuda', 'tensorrt' or a plugin needs, loading nothing; nothing is needed by others. `folder` is
// that of ONNX Runtime's library; `folders` are looked in, in order.
Status find_provider_libraries(const std::string& name, const std::string& folder,
                               const std::vector<std::string>& folders, ProviderLibraries& out);

// Loads them: whoever asks for one of these names afterwards has it. Their versions are asked of themselves.
Status open_provider_libraries(const std::string& name, const ProviderLibraries& found);

// What TensorRT says of itself, '10.6.0'; empty where it is not among them, not loaded, or does not tell.
std::string tensorrt_version(const ProviderLibraries& found);

}  // namespace mj::ort
