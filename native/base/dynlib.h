#pragma once

#include <string>
#include <vector>

#include "base/status.h"

namespace mj {

// A shared library opened at run time. Never closed: drivers and ONNX Runtime keep threads alive inside theirs.
class DynLib {
 public:
  DynLib() = default;

  // Opens the first loadable of `names` with RTLD_NOW | RTLD_LOCAL; on failure the status carries every loader's text.
  static Status open(const std::vector<std::string>& names, DynLib& out);

  // The library of this exact soname or path, if the process has loaded it already.
  static DynLib loaded(const std::string& name);
  // Its file, as the loader knows it; empty where it is not loaded.
  static std::string loaded_path(const std::string& name);

  [[nodiscard]] bool valid() const noexcept { return handle_ != nullptr; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }

  // Null where the symbol is absent.
  [[nodiscard]] void* symbol(const char* name) const noexcept;

  template <typename F>
  [[nodiscard]] bool load(F*& function, const char* name) const noexcept {
    function = reinterpret_cast<F*>(symbol(name));
    return function != nullptr;
  }

 private:
  void* handle_ = nullptr;
  std::string name_;
};

// Path of the file that holds this address, as the loader knows it; empty where it does not.
std::string library_of(const void* address);

}  // namespace mj
