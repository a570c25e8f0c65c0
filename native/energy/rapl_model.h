#pragma once

// Which energy registers a processor has and in which unit each of them counts. From the kernel's
// arch/x86/events/rapl.c and drivers/powercap/intel_rapl_*.c, and from turbostat; where these disagree or are silent
// the unit is kUnknown.
#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "energy/cpu.h"
#include "energy/source.h"

namespace mj::energy {

enum class EnergyUnit : uint8_t {
  kAbsent,        // the processor has no such counter
  kRegister,      // 2^-ESU J, with ESU of the unit register
  kMicrojoules,   // 2^ESU uJ: Silvermont and Airmont
  kTwoToMinus16,  // 2^-16 J, whatever the unit register says
  kOneJoule,
  kUnknown,  // the counter is there, and nobody says what it counts
};

struct RaplRegister {
  Scope scope;
  uint32_t address;
  EnergyUnit unit;
  bool per_core = false;  // each core has its own: the domain is their sum
};

struct RaplModel {
  std::string name;            // 'Skylake-X', or family and model
  Status refused;              // not ok: no registers are known for such a processor
  bool listed = false;         // false: no table names it; only what all of its vendor's models share is taken
  bool counts_dies = false;    // each die has counters of its own; else one a package, that every CPU of it reads
  uint32_t unit_register = 0;  // of power (bits 3:0) and energy (bits 12:8)
  std::vector<RaplRegister> registers;  // the package's first
  bool power_limits = false;            // kPackagePowerLimit and kPackagePowerInfo exist
};

constexpr uint32_t kPackagePowerLimit = 0x610;
constexpr uint32_t kPackagePowerInfo = 0x614;
constexpr uint64_t kEnergyStatusMask = 0xFFFFFFFF;  // the rest of an energy register is reserved

RaplModel rapl_model(const Processor& processor);

// J a count; 0: not known, or the unit register makes no sense (hypervisors answer with 0).
double energy_unit_j(EnergyUnit unit, uint64_t unit_register) noexcept;

// The highest limit of the package that can be meant: rated power and the limits set, less those set so high that they
// are none. Registers 0x606, 0x610 and 0x614; 0: not told.
double package_limit_w(const RaplModel& model, uint64_t unit_register, uint64_t limits, uint64_t info) noexcept;
double credible_limit_w(double rated_w, std::initializer_list<double> limits_w) noexcept;

// Whether the energy of `inner` is part of that of `outer`: then they must not be added. Cores and graphics ('uncore')
// lie inside the package and memory beside it on every model known; what a platform counter includes apart from these
// is the board maker's choice, so that nothing is taken to lie outside it.
bool contains(Scope outer, Scope inner) noexcept;

}  // namespace mj::energy
