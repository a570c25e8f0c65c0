#pragma once

// Why the processor's energy counters cannot be read here, interface by interface, and the one thing that mends it.
#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "energy/cpu.h"
#include "energy/rapl.h"
#include "energy/system_facts.h"

namespace mj::energy {

// The closed list of causes. RaplCause of src/types/probe.ts holds the same names; a test compares the two.
#define MJ_RAPL_CAUSES(X)                                          \
  X(kModuleNotLoaded, "module-not-loaded")                         \
  X(kNotInKernel, "not-in-kernel")                                 \
  X(kKernelTooOld, "kernel-too-old")                               \
  X(kUnsupportedProcessor, "unsupported-processor")                \
  X(kVirtualMachine, "virtual-machine")                            \
  X(kPerfParanoid, "perf-paranoid")                                \
  X(kCapabilityMissing, "capability-missing")                      \
  X(kCapabilityNotInBoundingSet, "capability-not-in-bounding-set") \
  X(kNoNewPrivileges, "no-new-privileges")                         \
  X(kUserNamespace, "user-namespace")                              \
  X(kRootOnlyFile, "root-only-file")                               \
  X(kNotOnAllowlist, "not-on-allowlist")                           \
  X(kMaskedByContainer, "masked-by-container")                     \
  X(kDeviceNotInContainer, "device-not-in-container")              \
  X(kSeccomp, "seccomp")                                           \
  X(kLockdown, "lockdown")                                         \
  X(kSecurityModule, "security-module")                            \
  X(kNeverMoves, "never-moves")                                    \
  X(kMovesBackwards, "moves-backwards")                            \
  X(kJumps, "jumps")                                               \
  X(kReadFails, "read-fails")                                      \
  X(kNoPackageCounter, "no-package-counter")                       \
  X(kFiltered, "filtered")                                         \
  X(kOther, "other")

enum class RaplCause : uint8_t {
  kNone,
#define X(symbol, text) symbol,
  MJ_RAPL_CAUSES(X)
#undef X
};
const char* rapl_cause_name(RaplCause cause) noexcept;  // empty: none

// What is known without opening a counter.
struct RaplScene {
  Processor processor;
  SystemFacts system;
  bool pmu = false;           // the kernel describes a perf PMU 'power'
  bool zones = false;         // the powercap tree has zones of RAPL
  bool zones_hidden = false;  // it has, and something hides them
  bool msr_safe = false;      // msr-safe's device of the first CPU can be opened
  bool msr_devices = false;   // the processor's registers have device files
  std::string powercap_root;
  std::string msr_device;  // of the first CPU
};
RaplScene read_rapl_scene(const Roots& roots);

// What became of an interface when it was opened and watched.
struct RaplAttempt {
  RaplInterface interface = RaplInterface::kPerf;
  RaplFound found;
};

struct RaplDiagnosis {
  RaplInterface interface = RaplInterface::kPerf;
  bool usable = false;
  RaplCause cause = RaplCause::kNone;  // of a usable one: what has to be known of its values
  Status status;                       // one sentence, and the one thing that mends it
};

RaplDiagnosis diagnose_rapl(const RaplScene& scene, const RaplAttempt& attempt, bool filtered);

// Of several interfaces that were tried, the reason that the user can do most about.
Status rapl_refusal(const RaplScene& scene, const std::vector<RaplAttempt>& attempts);

}  // namespace mj::energy
