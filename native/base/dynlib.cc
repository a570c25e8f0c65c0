#include "base/dynlib.h"

#include <dlfcn.h>
#include <link.h>

namespace mj {

Status DynLib::open(const std::vector<std::string>& names, DynLib& out) {
  std::string errors;
  for (const std::string& name : names) {
    if (void* handle = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL)) {
      out.handle_ = handle;
      out.name_ = name;
      return {};
    }
    const char* text = dlerror();
    if (!errors.empty()) errors += "; ";
    errors += text != nullptr ? text : name + ": unknown loader error";
  }
  return {Code::kLibraryNotFound, errors};
}

DynLib DynLib::loaded(const std::string& name) {
  DynLib lib;
  lib.handle_ = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD);
  if (lib.handle_ != nullptr) lib.name_ = name;
  dlerror();
  return lib;
}

std::string DynLib::loaded_path(const std::string& name) {
  const DynLib lib = loaded(name);
  link_map* map = nullptr;
  if (!lib.valid() || dlinfo(lib.handle_, RTLD_DI_LINKMAP, static_cast<void*>(&map)) != 0 || map == nullptr) return {};
  return map->l_name;
}

void* DynLib::symbol(const char* name) const noexcept { return handle_ != nullptr ? dlsym(handle_, name) : nullptr; }

std::string library_of(const void* address) {
  Dl_info info{};
  if (dladdr(address, &info) == 0 || info.dli_fname == nullptr) return {};
  return info.dli_fname;
}

}  // namespace mj
