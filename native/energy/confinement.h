#pragma once

// Whether this process runs in a container or in a virtual machine, and in whose.
#include <cstdint>
#include <optional>
#include <string>

#include "energy/cpu.h"
#include "energy/sources.h"

namespace mj::energy {

enum class Container : uint8_t { kNone, kDocker, kPodman, kKubernetes, kOther };
const char* container_name(Container one) noexcept;  // 'docker'

struct ConfinementFacts {
  std::optional<Container> container;
  std::optional<bool> powercap_masked;  // something is mounted over the powercap tree, as container runtimes do
  std::string hypervisor;               // 'VMware', 'Amazon EC2 m7i.large', 'an unnamed hypervisor'; empty: none
};

ConfinementFacts read_confinement(const Roots& roots, const Processor& processor);

}  // namespace mj::energy
