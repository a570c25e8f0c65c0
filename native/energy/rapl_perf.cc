// RAPL through the kernel's PMU 'power' and, on AMD, 'power_core' (arch/x86/events/rapl.c): counts of 64 bits that the
// kernel extends, so that they never wrap.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>
#include <utility>

#include "energy/cpu.h"
#include "energy/perf_pmu.h"
#include "energy/rapl.h"

namespace mj::energy {

namespace {

// The domains of one package, scheduled together: one system call reads all.
class GroupReads final : public RaplReads {
 public:
  explicit GroupReads(std::vector<FileDescriptor> events) : events_(std::move(events)) {}

  ReadOutcome read(uint64_t* raws) const noexcept override {
    std::array<uint64_t, 1 + kMostRaplDomains> values;
    const size_t count = events_.size();
    const ssize_t got = ::read(events_.front().get(), values.data(), sizeof(values));
    // Fewer: the group fell apart, as when its CPU went offline and no other of its package was there to take over.
    if (got != static_cast<ssize_t>((1 + count) * sizeof(uint64_t)) || values[0] != count) return {0, true};
    std::copy_n(values.begin() + 1, count, raws);
    return {count, false};
  }

 private:
  const std::vector<FileDescriptor> events_;  // the leader first
};

// AMD's counters are one a core: their sum is the package's cores. One system call, and one interrupt, a core.
class CoreReads final : public RaplReads {
 public:
  explicit CoreReads(std::vector<FileDescriptor> events) : events_(std::move(events)) {}

  ReadOutcome read(uint64_t* raws) const noexcept override {
    uint64_t sum = 0;
    bool whole = true;
    for (const FileDescriptor& event : events_) {
      std::array<uint64_t, 2> values{};
      whole &= ::read(event.get(), values.data(), sizeof(values)) == sizeof(values);
      sum += values[1];
    }
    if (!whole) return {0, true};
    *raws = sum;
    return {1, false};
  }

 private:
  const std::vector<FileDescriptor> events_;
};

bool is_in(int one, const std::vector<int>& list) { return std::find(list.begin(), list.end(), one) != list.end(); }

// What each instance of the PMU covers, with the CPU of its mask first. Of Intel's multi-die packages each die has
// counters of its own, and a CPU in the mask. AMD's count the package: kernels that list a CPU for each of its dies
// show the same counter several times.
std::vector<CpuGroup> units_of(const Processor& processor, const PerfPmu& pmu) {
  const auto listed = [&pmu](int cpu) { return is_in(cpu, pmu.cpus); };
  std::vector<CpuGroup> packages = cpu_groups(processor, CpuLevel::kPackage);
  const bool dies =
      processor.vendor == "GenuineIntel" && std::any_of(packages.begin(), packages.end(), [&](const CpuGroup& package) {
        return std::count_if(package.cpus.begin(), package.cpus.end(), listed) > 1;
      });
  std::vector<CpuGroup> units = dies ? cpu_groups(processor, CpuLevel::kDie) : std::move(packages);
  for (CpuGroup& unit : units) std::partition(unit.cpus.begin(), unit.cpus.end(), listed);
  return units;
}

const Scope* scope_of(const std::string& event) noexcept {
  static constexpr std::pair<const char*, Scope> kScopes[] = {
      {"energy-pkg", Scope::kPackage}, {"energy-cores", Scope::kCore}, {"energy-core", Scope::kCore},
      {"energy-ram", Scope::kDram},    {"energy-gpu", Scope::kUncore}, {"energy-psys", Scope::kPlatform}};
  for (const auto& [name, scope] : kScopes) {
    if (event == name) return &scope;
  }
  return nullptr;
}

RaplDomain domain_of(const PerfEvent& event, const CpuGroup& unit) {
  RaplDomain domain;
  domain.scope = *scope_of(event.name);
  domain.package = unit.package;
  domain.die = unit.die;
  domain.name = event.name;
  domain.unit_j = event.scale;
  domain.unsupported = event.malformed;
  if (event.malformed.ok() && event.unit != "Joules") {
    domain.unsupported = {Code::kNotSupported,
                          "The kernel counts " + event.name + " in " + event.unit + " and not in Joules."};
  }
  return domain;
}

// The PMU's energy events, less those of a kernel newer than this list.
std::vector<PerfEvent> known_events(const PerfPmu& pmu) {
  std::vector<PerfEvent> known;
  for (const PerfEvent& event : pmu.events) {
    if (scope_of(event.name) != nullptr && known.size() < kMostRaplDomains) known.push_back(event);
  }
  return known;
}

// What opens of the events on one CPU, as one group.
struct Attempt {
  std::vector<FileDescriptor> opened;
  std::vector<RaplDomain> domains;  // of those opened
  std::vector<RaplDomain> refused;
};

Attempt attempt(const PerfPmu& pmu, const std::vector<PerfEvent>& events, const CpuGroup& unit, int cpu,
                const Roots& roots) {
  Attempt result;
  for (const PerfEvent& event : events) {
    RaplDomain domain = domain_of(event, unit);
    FileDescriptor fd;
    if (domain.unsupported.ok()) {
      const int leader = result.opened.empty() ? -1 : result.opened.front().get();
      domain.error = open_perf_event(pmu.type, event.config, cpu, leader, fd);
      if (domain.error != 0) domain.unsupported = perf_refusal(domain.error, roots);
    }
    if (fd.valid()) {
      result.opened.push_back(std::move(fd));
      result.domains.push_back(std::move(domain));
    } else {
      result.refused.push_back(std::move(domain));
    }
  }
  return result;
}

// On the first CPU of the package that will have it: the one listed may just have gone offline.
void open_unit(const PerfPmu& pmu, const std::vector<PerfEvent>& events, const CpuGroup& unit, const Roots& roots,
               RaplFound& found) {
  Attempt first;
  for (const int cpu : unit.cpus) {
    Attempt here = attempt(pmu, events, unit, cpu, roots);
    if (cpu == unit.cpus.front() || !here.opened.empty()) first = std::move(here);
    if (!first.opened.empty()) break;
  }
  std::move(first.refused.begin(), first.refused.end(), std::back_inserter(found.unreadable));
  if (first.opened.empty()) return;
  found.groups.push_back(
      {unit.package, unit.cpus, std::move(first.domains), std::make_shared<GroupReads>(std::move(first.opened))});
}

// A sum that lacks a core would be wrong, so that all of them count, or none.
void open_cores(const PerfPmu& pmu, const PerfEvent& event, const CpuGroup& unit, const Roots& roots,
                RaplFound& found) {
  RaplDomain domain = domain_of(event, unit);
  std::vector<FileDescriptor> opened;
  for (const int cpu : unit.cpus) {
    if (!domain.unsupported.ok()) break;
    if (!is_in(cpu, pmu.cpus)) continue;
    FileDescriptor fd;
    domain.error = open_perf_event(pmu.type, event.config, cpu, -1, fd);
    if (domain.error != 0) domain.unsupported = perf_refusal(domain.error, roots);
    opened.push_back(std::move(fd));
  }
  if (!domain.unsupported.ok()) {
    found.unreadable.push_back(std::move(domain));
  } else if (!opened.empty()) {
    const size_t calls = opened.size();
    found.groups.push_back(
        {unit.package, unit.cpus, {std::move(domain)}, std::make_shared<CoreReads>(std::move(opened)), calls});
  }
}

Status pmu_missing(int error, const std::string& folder) {
  if (error == EACCES || error == EPERM) {
    return {Code::kPermissionDenied, folder + " may not be read by this process.", "Mount /sys readable."};
  }
  return {Code::kNotSupported, "The kernel offers no perf PMU called 'power'.", "sudo modprobe rapl"};
}

Status nothing_opened(const Processor& processor, const RaplFound& found) {
  // What the user can do something about comes first.
  for (const RaplDomain& domain : found.unreadable) {
    if (domain.unsupported.code == Code::kPermissionDenied) return domain.unsupported;
  }
  if (!found.unreadable.empty()) return found.unreadable.front().unsupported;
  if (processor.cpus.empty()) return {Code::kNotSupported, "The kernel does not tell which CPUs this machine has."};
  return {Code::kNotSupported, "The kernel's perf PMU 'power' lists no energy counter."};
}

}  // namespace

RaplFound open_rapl_perf(const Roots& roots) {
  RaplFound found;
  const Processor processor = read_processor(roots);
  PerfPmu power;
  const std::string folder = roots.perf_root() + "/power";
  if (const int error = read_perf_pmu(folder, power); error != 0) {
    found.refused = pmu_missing(error, folder);
    return found;
  }
  const std::vector<PerfEvent> events = known_events(power);
  for (const CpuGroup& unit : units_of(processor, power)) open_unit(power, events, unit, roots, found);
  PerfPmu cores;
  if (read_perf_pmu(roots.perf_root() + "/power_core", cores) == 0) {
    const std::vector<CpuGroup> packages = cpu_groups(processor, CpuLevel::kPackage);
    for (const PerfEvent& event : known_events(cores)) {
      for (const CpuGroup& unit : packages) open_cores(cores, event, unit, roots, found);
    }
  }
  if (found.groups.empty()) found.refused = nothing_opened(processor, found);
  return found;
}

}  // namespace mj::energy
