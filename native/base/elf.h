#pragma once

#include <string>
#include <vector>

#include "base/status.h"

namespace mj {

// The libraries that a 64-bit shared object asks the loader for (DT_NEEDED), read from the file without loading it.
Status elf_needed(const std::string& path, std::vector<std::string>& out);

}  // namespace mj
