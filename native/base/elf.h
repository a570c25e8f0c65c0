#pragma once

#include <elf.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"

namespace mj {

#if defined(__x86_64__)
constexpr uint16_t kElfMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr uint16_t kElfMachine = EM_AARCH64;
#else
constexpr uint16_t kElfMachine = EM_NONE;  // ONNX Runtime has no GPU provider for others
#endif

// What a shared object tells the loader about itself.
struct ElfDynamic {
  std::string soname;               // empty: none
  std::vector<std::string> needed;  // DT_NEEDED
  std::string search_path;          // DT_RUNPATH or DT_RPATH: where the loader looks for what this file asks for
};

// Read from the file without loading it. A file of another machine is refused.
Status read_elf(const std::string& path, ElfDynamic& out);

}  // namespace mj
