#pragma once

// What the kernel tells about this process and this machine that decides whether energy counters may be read. Facts
// only: what follows from them is rapl_doctor's business. What is not told is left empty, and never guessed.
#include <cstdint>
#include <optional>
#include <string>

#include "energy/confinement.h"
#include "energy/sources.h"

namespace mj::energy {

// Numbers of <linux/capability.h>.
enum class Capability : uint8_t {
  kDacOverride = 1,
  kDacReadSearch = 2,
  kSysRawio = 17,
  kSysAdmin = 21,
  kPerfmon = 38,  // since Linux 5.8; before it CAP_SYS_ADMIN stood for it
};
constexpr Capability kCapabilities[] = {Capability::kDacOverride, Capability::kDacReadSearch, Capability::kSysRawio,
                                        Capability::kSysAdmin, Capability::kPerfmon};
const char* capability_name(Capability one) noexcept;  // 'CAP_PERFMON'

// A set of capabilities, one bit each.
struct CapabilitySet {
  uint64_t bits = 0;
  [[nodiscard]] bool has(Capability one) const noexcept { return (bits >> static_cast<unsigned>(one) & 1U) != 0; }
};

struct ProcessFacts {
  std::optional<uint32_t> uid;  // effective
  std::optional<CapabilitySet> effective;
  std::optional<CapabilitySet> permitted;
  std::optional<CapabilitySet> bounding;           // what no process below this one can ever have more than
  std::optional<bool> no_new_privileges;           // set-user-ID programs and file capabilities have no effect
  std::optional<bool> seccomp_filter;              // a filter decides which system calls it may make
  std::optional<bool> user_namespace;              // its capabilities count within a namespace of user ids only
  std::string program;                             // the running binary: node; empty: not told
  std::optional<CapabilitySet> file_capabilities;  // that the binary gives to whoever runs it
};

struct KernelRelease {
  int major = 0;
  int minor = 0;
  std::string text;  // '6.8.0-45-generic'
  [[nodiscard]] bool before(int its_major, int its_minor) const noexcept {
    return major < its_major || (major == its_major && minor < its_minor);
  }
};

enum class Lockdown : uint8_t { kNone, kIntegrity, kConfidentiality };
const char* lockdown_name(Lockdown one) noexcept;

enum class ModuleState : uint8_t { kLoaded, kBuiltIn, kAvailable, kMissing };
const char* module_state_name(ModuleState one) noexcept;

// A module of the kernel, by the name that this release gives it.
struct KernelModule {
  std::string name;
  std::optional<ModuleState> state;
};

struct KernelFacts {
  std::optional<KernelRelease> release;
  std::optional<int> perf_paranoid;  // 3 and 4 are levels of Debian's and Ubuntu's kernels
  std::optional<Lockdown> lockdown;  // what Secure Boot makes of many kernels
  KernelModule perf;                 // modules behind the three interfaces
  KernelModule msr;
  KernelModule powercap;
};

struct SystemFacts {
  ProcessFacts process;
  KernelFacts kernel;
  ConfinementFacts confinement;
};

SystemFacts read_system_facts(const Roots& roots);

}  // namespace mj::energy
