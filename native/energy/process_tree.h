#pragma once

#include <cstdint>
#include <string>

namespace mj::energy {

enum class Kinship : uint8_t {
  kOurs,
  kForeign,
  // It has ended: nobody can tell any more who started it.
  kGone,
};

// Whether a process is `ancestor` or was started by it, by way of processes that still live. `proc`: where procfs is.
Kinship kinship(const std::string& proc, unsigned int pid, unsigned int ancestor);

}  // namespace mj::energy
