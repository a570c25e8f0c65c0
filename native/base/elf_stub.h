#pragma once

#include <string>
#include <vector>

#include "base/status.h"

namespace mj {

// Opens a library so that the loader looks in `folders` (of which the first holds it) for what that library opens by
// name later. A plain dlopen of the path does not do that, and LD_LIBRARY_PATH is read only when a process starts.
//
// By a shared object without content, made in memory, that needs `name` and has `folders` as its DT_RPATH: ld.so
// searches the RPATH of whoever caused a library's loading for that library's own requests too.
Status open_with_folders(const std::string& name, const std::vector<std::string>& folders);

}  // namespace mj
