// RAPL through the processor's own registers: counters of 32 bits, read on a CPU of their package.
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "energy/msr.h"
#include "energy/rapl.h"
#include "energy/rapl_model.h"

namespace mj::energy {

namespace {

constexpr uint32_t kMiscPackageControls = 0xBC;
constexpr uint64_t kEnergyFiltering = 1;

using Places = std::vector<std::shared_ptr<const MsrPlace>>;

// The sum of counters modulo 2^32 is itself a counter modulo 2^32: no read needs to remember another.
class MsrReads final : public RaplReads {
 public:
  MsrReads(Places places, std::vector<uint32_t> addresses)
      : places_(std::move(places)), addresses_(std::move(addresses)) {}

  ReadOutcome read(uint64_t* raws) const noexcept override {
    for (size_t i = 0; i < addresses_.size(); ++i) {
      uint64_t sum = 0;
      for (const auto& place : places_) {
        uint64_t value = 0;
        if (place->read(addresses_[i], value) != 0) return {0, true};
        sum += value;
      }
      raws[i] = sum & kEnergyStatusMask;
    }
    return {addresses_.size(), false};
  }

 private:
  const Places places_;  // one, or all cores of the package
  const std::vector<uint32_t> addresses_;
};

std::string hexadecimal(uint64_t value) {
  std::array<char, 24> text;
  std::snprintf(text.data(), text.size(), "0x%llX", static_cast<unsigned long long>(value));
  return text.data();
}

Status refusal(int error, uint32_t address, const std::string& device) {
  switch (error) {
    case ENOENT:
      return {Code::kNotSupported, "There is no " + device + ": the kernel's module msr is not loaded.",
              "sudo modprobe msr"};
    case EACCES:
      return {Code::kPermissionDenied, "This process may not open " + device + ".",
              "Run as root, or as a member of the group that owns the device, with CAP_SYS_RAWIO."};
    case EPERM:
      return {Code::kPermissionDenied, "Reading " + device + " needs the capability CAP_SYS_RAWIO.",
              "Run as root, or give the process CAP_SYS_RAWIO."};
    case EIO:
      return {Code::kNotSupported, "The processor has no register " + hexadecimal(address) + "."};
    case ENXIO:
      return {Code::kNotSupported, "No CPU of the package answers at " + device + "."};
    default:
      return {Code::kIoFailure,
              "Reading register " + hexadecimal(address) + " of " + device + ": " + std::strerror(error) + "."};
  }
}

// Opens one package, or one die.
class PackageOpening {
 public:
  PackageOpening(const Roots& roots, const Processor& processor, const RaplModel& model, const CpuGroup& cpus)
      : model_(model), cpus_(cpus), place_(std::make_shared<MsrPlace>(roots, cpus.cpus)) {
    for (const CpuGroup& core : cpu_groups(processor, CpuLevel::kCore)) {
      if (core.package == cpus.package) cores_.push_back(std::make_shared<MsrPlace>(roots, core.cpus));
    }
  }

  void open(RaplFound& found) {
    if (const int error = place_->read(model_.unit_register, unit_register_); error != 0) {
      found.unreadable.push_back(domain_of(model_.registers.front()));
      found.unreadable.back().error = error;
      found.unreadable.back().unsupported = refusal(error, model_.unit_register, place_->path());
      return;
    }
    if (model_.power_limits) limit_w_ = limit_w();
    open_group({place_}, false, found);
    open_group(cores_, true, found);
  }

 private:
  void open_group(const Places& places, bool per_core, RaplFound& found) const {
    RaplGroup group;
    std::vector<uint32_t> addresses;
    for (const RaplRegister& counter : model_.registers) {
      if (counter.per_core != per_core) continue;
      RaplDomain domain = domain_of(counter);
      bool exists = true;
      domain.unsupported = look(places, counter, domain, exists);
      if (domain.unsupported.ok()) {
        addresses.push_back(counter.address);
        group.domains.push_back(std::move(domain));
      } else if (exists || counter.scope == Scope::kPackage) {
        found.unreadable.push_back(std::move(domain));
      }
    }
    if (addresses.empty()) return;
    group.package = cpus_.package;
    group.cpus = cpus_.cpus;
    group.calls = places.size() * addresses.size();
    group.reads = std::make_shared<MsrReads>(places, std::move(addresses));
    found.groups.push_back(std::move(group));
  }

  [[nodiscard]] RaplDomain domain_of(const RaplRegister& counter) const {
    RaplDomain domain;
    domain.scope = counter.scope;
    domain.package = cpus_.package;
    domain.die = cpus_.die;
    domain.name = hexadecimal(counter.address);
    if (!model_.listed) domain.name += " (" + model_.name + " is in no table)";
    domain.unit_j = domain.quantum_j = energy_unit_j(counter.unit, unit_register_);
    domain.modulus = kEnergyStatusMask + 1;
    // What lies inside the package cannot take more than it.
    const bool limited = counter.scope == Scope::kPackage || contains(Scope::kPackage, counter.scope);
    domain.power_limit_w = limited ? limit_w_ : 0;
    return domain;
  }

  // Whether the counter can be read. `exists`: false where the processor lacks it, which is no failure: where there is
  // no such register, or it reads 0, as the kernel too takes it.
  Status look(const Places& places, const RaplRegister& counter, RaplDomain& domain, bool& exists) const {
    bool counts = false;
    for (const auto& place : places) {
      uint64_t value = 0;
      domain.error = place->read(counter.address, value);
      exists = domain.error != EIO;
      if (domain.error != 0) return refusal(domain.error, counter.address, place->path());
      counts |= (value & kEnergyStatusMask) != 0;
    }
    const std::string name = "register " + hexadecimal(counter.address) + " of " + model_.name;
    exists = counts;
    if (!counts) {
      domain.flaw = RaplFlaw::kNeverMoves;
      return {Code::kNotSupported, "It reads 0: nothing is counted in " + name + "."};
    }
    if (domain.unit_j > 0) return {};
    if (counter.unit == EnergyUnit::kUnknown) {
      return {Code::kNotSupported, "It is not known what a count in " + name + " stands for.",
              "Use the perf or the powercap interface, where the kernel knows."};
    }
    return {Code::kNotSupported, "The unit register " + hexadecimal(model_.unit_register) + " reads " +
                                     hexadecimal(unit_register_) + ", which is no unit."};
  }

  [[nodiscard]] double limit_w() const {
    uint64_t limits = 0;
    uint64_t info = 0;
    if (place_->read(kPackagePowerLimit, limits) != 0) limits = 0;
    if (place_->read(kPackagePowerInfo, info) != 0) info = 0;
    return package_limit_w(model_, unit_register_, limits, info);
  }

  const RaplModel& model_;
  const CpuGroup& cpus_;
  const std::shared_ptr<const MsrPlace> place_;
  Places cores_;
  uint64_t unit_register_ = 0;
  double limit_w_ = 0;
};

}  // namespace

RaplFound open_rapl_msr(const Roots& roots) {
  RaplFound found;
  const Processor processor = read_processor(roots);
  const RaplModel model = rapl_model(processor);
  found.refused = model.refused;
  if (!found.refused.ok()) return found;
  const CpuLevel level = model.counts_dies ? CpuLevel::kDie : CpuLevel::kPackage;
  for (const CpuGroup& cpus : cpu_groups(processor, level)) {
    PackageOpening(roots, processor, model, cpus).open(found);
  }
  if (!found.groups.empty()) return found;
  found.refused = !found.unreadable.empty()
                      ? found.unreadable.front().unsupported
                      : Status(Code::kNotSupported, "The kernel does not tell which CPUs this machine has.");
  return found;
}

bool rapl_filtered(const Processor& processor, const Roots& roots) {
  if (processor.vendor != "GenuineIntel" || processor.cpus.empty()) return false;
  if (processor.sgx) return true;
  uint64_t controls = 0;
  const MsrPlace place(roots, {processor.cpus.front().id});
  return place.read(kMiscPackageControls, controls) == 0 && (controls & kEnergyFiltering) != 0;
}

}  // namespace mj::energy
