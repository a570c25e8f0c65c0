#include "energy/sources.h"

namespace mj::energy {

Span<SourceFamily> source_families() noexcept {
  static constexpr SourceFamily kFamilies[] = {
      {"nvml", open_nvml},
      {"rapl", open_rapl},
  };
  return {kFamilies, sizeof(kFamilies) / sizeof(kFamilies[0])};
}

const std::vector<int>& Source::cpus() const noexcept {
  static const auto* any = new std::vector<int>();
  return *any;
}

const char* scope_name(Scope scope) noexcept {
  static constexpr const char* kNames[] = {"board",    "module",     "gpu-memory", "cpu-package",
                                           "cpu-core", "cpu-uncore", "dram",       "platform"};
  return kNames[static_cast<size_t>(scope)];
}

const char* scope_prefix(Scope scope) noexcept {
  static constexpr const char* kNames[] = {"board", "module", "gpu-memory", "package",
                                           "core",  "uncore", "dram",       "platform"};
  return kNames[static_cast<size_t>(scope)];
}

}  // namespace mj::energy
