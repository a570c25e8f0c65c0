#pragma once

// Findings that the diagnoses of several interfaces share.
#include <string>

#include "energy/rapl_doctor.h"

namespace mj::energy {

struct Finding {
  RaplCause cause = RaplCause::kNone;
  Status status;
};

// Whether processors of this kind have RAPL counters at all.
bool has_rapl(const Processor& processor) noexcept;
std::string processor_text(const Processor& processor);  // 'Intel(R) Xeon(R) … (GenuineIntel family 6 model 85)'

bool in_container(const SystemFacts& system) noexcept;
bool lacks(const std::optional<CapabilitySet>& set, Capability one) noexcept;  // known, and without it
bool has(const std::optional<CapabilitySet>& set, Capability one) noexcept;    // known, and with it

Finding unsupported_processor(const RaplScene& scene);
Finding virtual_machine(const RaplScene& scene);
// The capability is missing: which of the ways to it is barred, and the way that is left.
Finding missing_capability(const SystemFacts& system, Capability one, const std::string& needed_for,
                           const std::string& on_the_spot);
Finding user_namespace(Capability one);
Finding security_module(const std::string& what);

// The kernel shows nothing of an interface. `needs`: the first release that has it for this processor.
struct FirstRelease {
  int major;
  int minor;
};
Finding absent(const RaplScene& scene, const KernelModule& module, FirstRelease needs, const std::string& message);

// How a container is given a capability, with further flags where its runtime has any.
std::string container_remedy(const SystemFacts& system, Capability one, const std::string& flags = "");

}  // namespace mj::energy
