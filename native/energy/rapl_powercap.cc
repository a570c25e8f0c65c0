// RAPL through the kernel's powercap tree: energy_uj of each zone, in whole microjoules.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <map>
#include <optional>
#include <utility>

#include "base/file.h"
#include "energy/powercap.h"
#include "energy/rapl.h"
#include "energy/rapl_model.h"

namespace mj::energy {

namespace {

constexpr double kMicro = 1e-6;

// The counter's file of each zone, kept open: the kernel makes a new text for every read at 0.
class PowercapReads final : public RaplReads {
 public:
  explicit PowercapReads(std::vector<FileDescriptor> files) : files_(std::move(files)) {}

  ReadOutcome read(uint64_t* raws) const noexcept override {
    for (size_t i = 0; i < files_.size(); ++i) {
      if (read_one(files_[i].get(), raws[i]) != 0) return {0, true};
    }
    return {files_.size(), false};
  }

  // 0, or the errno.
  static int read_one(int fd, uint64_t& out) noexcept {
    std::array<char, 32> text;
    const ssize_t got = pread(fd, text.data(), text.size(), 0);
    if (got < 0) return errno;
    const auto [end, error] = std::from_chars(text.data(), text.data() + got, out);
    return error == std::errc() && end != text.data() ? 0 : EIO;
  }

 private:
  const std::vector<FileDescriptor> files_;
};

// 'package-1-die-3', 'psys-1': the numbers in their order.
std::vector<int> numbers_in(const std::string& name) {
  std::vector<int> numbers;
  for (size_t at = name.find('-'); at != std::string::npos; at = name.find('-', at + 1)) {
    int number = 0;
    const char* const end = name.data() + name.size();
    if (std::from_chars(name.data() + at + 1, end, number).ec == std::errc()) numbers.push_back(number);
  }
  return numbers;
}

std::optional<Scope> scope_of(const std::string& zone) {
  static constexpr std::pair<const char*, Scope> kScopes[] = {{"package", Scope::kPackage},
                                                              {"core", Scope::kCore},
                                                              {"uncore", Scope::kUncore},
                                                              {"dram", Scope::kDram},
                                                              {"psys", Scope::kPlatform}};
  for (const auto& [name, scope] : kScopes) {
    if (zone.substr(0, zone.find('-')) == name) return scope;
  }
  return {};
}

double watts(const PowercapZone& zone, const std::string& file) {
  uint64_t microwatts = 0;
  return zone_number(zone, file, microwatts) ? static_cast<double>(microwatts) * kMicro : 0;
}

// Constraint 0 is the long-term limit, whose highest value is the rated power, and 1 the short-term one; the third is
// of peaks of microseconds.
double limit_w(const PowercapZone& zone) {
  return credible_limit_w(watts(zone, "constraint_0_max_power_uw"),
                          {watts(zone, "constraint_0_power_limit_uw"), watts(zone, "constraint_1_power_limit_uw")});
}

struct Zone {
  PowercapZone place;
  RaplDomain domain;
};

Zone zone_of(const PowercapZone& place, Scope scope, const Zone* parent) {
  Zone zone{place, {}};
  RaplDomain& domain = zone.domain;
  domain.scope = scope;
  const std::vector<int> numbers = numbers_in(place.name);
  domain.package = !numbers.empty() ? numbers[0] : 0;
  domain.die = numbers.size() > 1 ? numbers[1] : 0;
  domain.name = place.name;
  domain.unit_j = kMicro;
  domain.power_limit_w = limit_w(place);
  if (parent != nullptr) {
    domain.package = parent->domain.package;
    domain.die = parent->domain.die;
    domain.name = parent->domain.name + "/" + place.name;
    if (contains(Scope::kPackage, scope)) domain.power_limit_w = parent->domain.power_limit_w;
  }
  // The range is what the register's highest value, 2^32 - 1, stands for: it tells the step, and one step beyond it the
  // counter is at 0 again.
  uint64_t range_uj = 0;
  if (zone_number(place, "max_energy_range_uj", range_uj) && range_uj > 0) {
    const double step_uj = static_cast<double>(range_uj) / kEnergyStatusMask;
    domain.quantum_j = step_uj * kMicro;
    domain.modulus = range_uj + static_cast<uint64_t>(std::llround(step_uj));
  }
  return zone;
}

std::string microjoules(double joules) {
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), "%.4g uJ", joules / kMicro);
  return text.data();
}

// The kernel multiplies the register by a unit of its own table. Where that is not the processor's, no joule is right:
// DRAM of Broadwell-DE, and of Sapphire Rapids until 2022.
Status check_step(const RaplDomain& domain, const RaplModel& model, double package_step_j) {
  constexpr double kTolerance = 0.02;  // the kernel rounds 15.26 uJ to 15.3
  const auto counter = std::find_if(model.registers.begin(), model.registers.end(),
                                    [&](const RaplRegister& one) { return one.scope == domain.scope; });
  if (!model.listed || counter == model.registers.end() || domain.quantum_j == 0) return {};
  const double step = counter->unit == EnergyUnit::kTwoToMinus16 || counter->unit == EnergyUnit::kOneJoule
                          ? energy_unit_j(counter->unit, 0)
                          : package_step_j;
  if (step == 0 || std::abs(domain.quantum_j / step - 1) <= kTolerance) return {};
  return {Code::kNotSupported,
          "The kernel takes its steps for " + microjoules(domain.quantum_j) + " where they are " + microjoules(step) +
              " on " + model.name + ".",
          "Update the kernel, or use the perf or the MSR interface."};
}

// What can be said of a zone before it is opened.
Status check_zone(const Zone& zone, const std::vector<Zone>& before, const Processor& processor,
                  const RaplModel& model) {
  const RaplDomain& domain = zone.domain;
  if (domain.scope == Scope::kCore && processor.vendor != "GenuineIntel" && !processor.vendor.empty()) {
    return {Code::kNotSupported, "This zone counts a single core of the package.",
            "Use the perf or the MSR interface, which add up all cores."};
  }
  const auto package =
      std::find_if(before.begin(), before.end(), [&](const Zone& one) { return one.place.id == zone.place.parent; });
  return check_step(domain, model, package != before.end() ? package->domain.quantum_j : 0);
}

bool same_counter(const RaplDomain& a, const RaplDomain& b) {
  return a.scope == b.scope && a.package == b.package && a.die == b.die;
}

// The zones that are RAPL domains. One domain may be offered twice, by MSR and by MMIO: the same counter.
std::vector<Zone> zones_of(const PowercapTree& tree) {
  std::vector<Zone> zones;
  for (const PowercapZone& place : tree.zones) {
    const std::optional<Scope> scope = scope_of(place.name);
    const auto parent =
        std::find_if(zones.begin(), zones.end(), [&](const Zone& one) { return one.place.id == place.parent; });
    if (!scope || (parent == zones.end() && !place.parent.empty())) continue;
    zones.push_back(zone_of(place, *scope, parent != zones.end() ? &*parent : nullptr));
  }
  std::vector<Zone> distinct;
  for (Zone& zone : zones) {
    if (std::none_of(distinct.begin(), distinct.end(),
                     [&](const Zone& one) { return same_counter(one.domain, zone.domain); })) {
      distinct.push_back(std::move(zone));
    }
  }
  return distinct;
}

Status refusal(int error, const std::string& path) {
  if (error == EACCES || error == EPERM) {
    return {Code::kPermissionDenied, "Only root may read " + path + ": kernels since 5.10 keep it so (CVE-2020-8694).",
            "sudo chmod o+r " + path};
  }
  return {error == ENOENT ? Code::kNotSupported : Code::kIoFailure,
          "Reading " + path + ": " + std::string(std::strerror(error)) + "."};
}

FileDescriptor open_counter(const PowercapZone& zone, RaplDomain& domain) {
  const std::string path = zone.path + "/energy_uj";
  FileDescriptor file = open_file(path);
  uint64_t value = 0;
  domain.error = file.valid() ? PowercapReads::read_one(file.get(), value) : errno;
  if (domain.error != 0) domain.unsupported = refusal(domain.error, path);
  return file;
}

std::vector<int> cpus_of(const Processor& processor, int package, int die) {
  std::vector<int> of_die;
  std::vector<int> of_package;
  for (const Cpu& cpu : processor.cpus) {
    if (cpu.package != package) continue;
    of_package.push_back(cpu.id);
    if (cpu.die == die) of_die.push_back(cpu.id);
  }
  return of_die.empty() ? of_package : of_die;
}

struct Opened {
  std::vector<RaplDomain> domains;
  std::vector<FileDescriptor> files;
};

}  // namespace

RaplFound open_rapl_powercap(const Roots& roots) {
  RaplFound found;
  const PowercapTree tree = read_powercap(roots);
  found.refused = tree.refused;
  if (!found.refused.ok()) return found;
  const Processor processor = read_processor(roots);
  const RaplModel model = rapl_model(processor);
  const std::vector<Zone> zones = zones_of(tree);
  std::map<std::pair<int, int>, Opened> packages;
  for (const Zone& zone : zones) {
    RaplDomain domain = zone.domain;
    domain.unsupported = check_zone(zone, zones, processor, model);
    FileDescriptor file;
    if (domain.unsupported.ok()) file = open_counter(zone.place, domain);
    if (!domain.unsupported.ok()) {
      found.unreadable.push_back(std::move(domain));
      continue;
    }
    Opened& opened = packages[{domain.package, domain.die}];
    opened.domains.push_back(std::move(domain));
    opened.files.push_back(std::move(file));
  }
  for (auto& [place, opened] : packages) {
    RaplGroup group;
    group.package = place.first;
    group.cpus = cpus_of(processor, place.first, place.second);
    group.calls = opened.files.size();
    group.domains = std::move(opened.domains);
    group.reads = std::make_shared<PowercapReads>(std::move(opened.files));
    found.groups.push_back(std::move(group));
  }
  if (!found.groups.empty()) return found;
  found.refused = !found.unreadable.empty()
                      ? found.unreadable.front().unsupported
                      : Status(Code::kNotSupported, "No zone in " + roots.powercap_root() + " is one of RAPL.");
  return found;
}

std::vector<RaplDomain> describe_powercap(const Roots& roots) {
  std::vector<RaplDomain> domains;
  for (Zone& zone : zones_of(read_powercap(roots))) domains.push_back(std::move(zone.domain));
  return domains;
}

}  // namespace mj::energy
