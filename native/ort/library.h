#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "ort/ort_abi.h"

namespace mj::ort {

// The one ONNX Runtime of the process: opened once, never closed (its pool threads outlive every owner).
struct Library {
  std::string path;                    // real path
  std::string folder;                  // where it looks for its provider libraries
  std::string version;                 // '1.30.0'
  std::vector<std::string> providers;  // 'CPUExecutionProvider', …, as it names them
  abi::Api api;
  abi::Env* env = nullptr;  // process-wide and shared with onnxruntime-node: made with defaults, never released
  abi::Allocator* allocator = nullptr;
  abi::MemoryInfo* cpu_memory = nullptr;
};

// Opens exactly this file; refuses where another ONNX Runtime is loaded in the process. Thread-safe; a second call
// with the same file gives the same library.
Status open_library(const std::string& path, const Library*& out);

// The opened library: valid after `open_library` has succeeded once.
const Library& library() noexcept;
inline const abi::Api& api() noexcept { return library().api; }

// Whether this release has every slot we use; judged before GetApi is called, which prints where it refuses.
Status check_version(const std::string& version);

// Files named libonnxruntime.so* that the process has mapped, as /proc/self/maps (or its like at `maps`) has them.
std::vector<std::string> loaded_runtimes(const std::string& maps = "/proc/self/maps");

}  // namespace mj::ort
