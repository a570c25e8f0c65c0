#pragma once

// Intel's and AMD's running energy counters (RAPL), reached by three doors: the perf PMU, the model-specific registers
// and the powercap tree. One file a door; rapl.cc chooses.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "energy/cpu.h"
#include "energy/sources.h"

namespace mj::energy {

enum class RaplInterface : uint8_t { kPerf, kMsr, kPowercap };
constexpr RaplInterface kRaplInterfaces[] = {RaplInterface::kPerf, RaplInterface::kMsr, RaplInterface::kPowercap};
const char* rapl_interface_name(RaplInterface one) noexcept;  // 'perf', 'msr', 'powercap'

// What is wrong with a counter that opens.
enum class RaplFlaw : uint8_t { kNone, kReadFails, kNeverMoves, kBackwards, kJumps, kMirror };

// One counter of one package (or of one die, where dies have counters of their own).
struct RaplDomain {
  Scope scope = Scope::kPackage;
  int package = 0;
  int die = 0;
  std::string name;          // as the interface calls it: 'energy-pkg', '0x611', 'package-0'
  double unit_j = 0;         // J a count
  double quantum_j = 0;      // J of the register's own step, where a count is finer; 0: not known
  uint64_t modulus = 0;      // counts at which it wraps; 0: never (the kernel extends it)
  double power_limit_w = 0;  // 0: not known
  Status unsupported;        // ok: it is read
  int error = 0;             // errno of the call that refused it; 0: none did
  RaplFlaw flaw = RaplFlaw::kNone;
};

constexpr size_t kMostRaplDomains = 8;  // of one group; the registers of one package are five

// Reads every domain of one package. May be called by any thread at any time.
class RaplReads {
 public:
  virtual ~RaplReads() = default;
  // raws[i] of domain i. Never allocates.
  virtual ReadOutcome read(uint64_t* raws) const noexcept = 0;
};

// The domains of one package that one thread reads, in the order of `reads`.
struct RaplGroup {
  int package = 0;
  std::vector<int> cpus;  // of the package, online: the thread that reads stays on them
  std::vector<RaplDomain> domains;
  std::shared_ptr<const RaplReads> reads;
  size_t calls = 1;  // system calls of one read
};

// What one interface offers here.
struct RaplFound {
  Status refused;  // not ok: nothing can be read by this interface; the doctor says why and what mends it
  std::vector<RaplGroup> groups;
  std::vector<RaplDomain> unreadable;  // known, and left out with the reason
};

RaplFound open_rapl_perf(const Roots& roots);
RaplFound open_rapl_msr(const Roots& roots);
RaplFound open_rapl_powercap(const Roots& roots);
RaplFound open_rapl_interface(RaplInterface one, const Roots& roots);

// Opens one interface and watches its counters: those that lie are marked, and where no package is left it is refused.
RaplFound open_watched_rapl(RaplInterface one, const Roots& roots);
// The counters of an interface as sources and channels. `filtered`: their values carry deliberate noise.
OpenedFamily rapl_family(RaplFound found, RaplInterface one, bool filtered);

// What the powercap tree says of its domains (limits, steps) to those who may not read their counters.
std::vector<RaplDomain> describe_powercap(const Roots& roots);

// The values carry deliberate noise: SGX is enabled, or bit 0 of MSR 0xBC, where that can be read, is set.
bool rapl_filtered(const Processor& processor, const Roots& roots);

}  // namespace mj::energy
