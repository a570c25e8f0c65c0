#include "energy/sources.h"

namespace mj::energy {

Span<SourceFamily> source_families() noexcept {
  static constexpr SourceFamily kFamilies[] = {
      {"nvml", open_nvml},
      {"rapl", open_rapl},
  };
  return {kFamilies, sizeof(kFamilies) / sizeof(kFamilies[0])};
}

// The processor's counters are known to exist and are not read yet: that is said, not hidden.
OpenedFamily open_rapl(const OpenRequest&) {
  OpenedFamily family;
  ChannelInfo channel;
  channel.id = "package-0";
  channel.method = "rapl";
  channel.scope = Scope::kPackage;
  channel.unsupported = {Code::kNotSupported,
                         "This version of microjoule does not read the processor's energy (RAPL)."};
  family.unsupported.push_back(channel);
  return family;
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
