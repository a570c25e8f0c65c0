#pragma once

// The processor as the kernel describes it: who made it, and which CPUs belong to which package.
#include <cstdint>
#include <string>
#include <vector>

#include "energy/sources.h"

namespace mj::energy {

struct Cpu {
  int id = 0;
  int package = 0;
  int die = 0;
  int core = 0;
};

struct Processor {
  std::string vendor;  // 'GenuineIntel', 'AuthenticAMD', 'HygonGenuine'; empty: not told
  std::string name;    // 'model name'
  int family = 0;
  int model = 0;
  int stepping = 0;
  bool hypervisor = false;  // the flag of that name: this is a virtual machine
  bool sgx = false;
  std::vector<Cpu> cpus;  // online ones
};

// CPUs that one set of counters covers.
struct CpuGroup {
  int package = 0;
  int die = 0;
  std::vector<int> cpus;
};

// Ascending by package, die and core; the die of a group of whole packages is 0.
enum class CpuLevel : uint8_t { kPackage, kDie, kCore };
std::vector<CpuGroup> cpu_groups(const Processor& processor, CpuLevel level);

// Never fails: what the kernel does not tell is left empty.
Processor read_processor(const Roots& roots);

// '0-3,8' as the kernel writes CPU lists.
std::vector<int> parse_cpu_list(const std::string& text);

}  // namespace mj::energy
