#include "energy/rapl_doctor.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>

#include "base/file.h"
#include "energy/powercap.h"
#include "energy/rapl_examine.h"

namespace mj::energy {

namespace {

bool exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

bool is_link(const std::string& path) {
  struct stat about{};
  return lstat(path.c_str(), &about) == 0 && S_ISLNK(about.st_mode);
}

RaplCause cause_of(RaplFlaw flaw) noexcept {
  switch (flaw) {
    case RaplFlaw::kReadFails:
      return RaplCause::kReadFails;
    case RaplFlaw::kNeverMoves:
      return RaplCause::kNeverMoves;
    case RaplFlaw::kBackwards:
      return RaplCause::kMovesBackwards;
    case RaplFlaw::kJumps:
      return RaplCause::kJumps;
    case RaplFlaw::kMirror:
    case RaplFlaw::kNone:
      break;
  }
  return RaplCause::kNoPackageCounter;
}

// The counter of a package that lies, or else any that does.
const RaplDomain* worst_counter(const RaplFound& found) {
  const RaplDomain* worst = nullptr;
  const auto look = [&](const RaplDomain& domain) {
    if (domain.flaw == RaplFlaw::kNone || domain.flaw == RaplFlaw::kMirror) return;
    if (worst == nullptr || (worst->scope != Scope::kPackage && domain.scope == Scope::kPackage)) worst = &domain;
  };
  for (const RaplGroup& group : found.groups) std::for_each(group.domains.begin(), group.domains.end(), look);
  std::for_each(found.unreadable.begin(), found.unreadable.end(), look);
  return worst;
}

Finding lying_counter(const RaplScene& scene, RaplInterface interface, const RaplDomain& counter) {
  const std::string& hypervisor = scene.system.confinement.hypervisor;
  const std::string name = rapl_interface_name(interface) + (":" + counter.name);
  if (counter.flaw == RaplFlaw::kNeverMoves && !hypervisor.empty()) {
    return {RaplCause::kNeverMoves,
            {Code::kNotSupported,
             name + " can be opened and never moves: this is a virtual machine (" + hypervisor +
                 "), whose hypervisor shows the counter and does not count.",
             "Measure on the host, or on a machine without a hypervisor."}};
  }
  return {cause_of(counter.flaw),
          {counter.unsupported.code, name + ": " + counter.unsupported.message, counter.unsupported.remedy}};
}

Finding examine(const RaplScene& scene, const RaplAttempt& attempt) {
  // Other makers' may have counters too, where the kernel shows any.
  if (!has_rapl(scene.processor) && !scene.pmu && !scene.zones) return unsupported_processor(scene);
  if (const RaplDomain* counter = worst_counter(attempt.found)) {
    return lying_counter(scene, attempt.interface, *counter);
  }
  if (!attempt.found.groups.empty()) return {RaplCause::kNoPackageCounter, attempt.found.refused};
  switch (attempt.interface) {
    case RaplInterface::kPerf:
      return examine_perf(scene, attempt.found);
    case RaplInterface::kMsr:
      return examine_msr(scene, attempt.found);
    case RaplInterface::kPowercap:
      break;
  }
  return examine_powercap(scene, attempt.found);
}

Finding usable(const RaplScene& scene, bool filtered) {
  const std::string& hypervisor = scene.system.confinement.hypervisor;
  if (!hypervisor.empty()) {
    return {RaplCause::kVirtualMachine,
            {Code::kOk, "This is a virtual machine (" + hypervisor +
                            "): its counters are the hypervisor's, which may share out the host's by processor time."}};
  }
  if (filtered) {
    return {RaplCause::kFiltered,
            {Code::kOk,
             "The values carry deliberate noise (SGX, or energy filtering set in MSR 0xBC): windows under a "
             "second are uncertain."}};
  }
  return {};
}

// What the user can do most about comes first.
constexpr RaplCause kByPromise[] = {
    RaplCause::kPerfParanoid,        RaplCause::kSeccomp,           RaplCause::kRootOnlyFile,
    RaplCause::kMaskedByContainer,   RaplCause::kCapabilityMissing, RaplCause::kCapabilityNotInBoundingSet,
    RaplCause::kNoNewPrivileges,     RaplCause::kUserNamespace,     RaplCause::kSecurityModule,
    RaplCause::kModuleNotLoaded,     RaplCause::kNotInKernel,       RaplCause::kKernelTooOld,
    RaplCause::kDeviceNotInContainer};

ptrdiff_t promise(RaplCause cause) {
  return std::distance(std::begin(kByPromise), std::find(std::begin(kByPromise), std::end(kByPromise), cause));
}

}  // namespace

const char* rapl_cause_name(RaplCause cause) noexcept {
  switch (cause) {
    case RaplCause::kNone:
      break;
#define X(symbol, text)   \
  case RaplCause::symbol: \
    return text;
      MJ_RAPL_CAUSES(X)
#undef X
  }
  return "";
}

RaplScene read_rapl_scene(const Roots& roots) {
  RaplScene scene;
  scene.processor = read_processor(roots);
  scene.system = read_system_facts(roots);
  scene.pmu = exists(roots.perf_root() + "/power");
  scene.powercap_root = roots.powercap_root();
  scene.zones = read_powercap(roots).refused.ok();
  scene.zones_hidden = !scene.zones && is_link(scene.powercap_root + "/intel-rapl:0");
  const int cpu = scene.processor.cpus.empty() ? 0 : scene.processor.cpus.front().id;
  const std::string folder = roots.msr_root() + "/" + std::to_string(cpu);
  scene.msr_device = folder + "/msr";
  scene.msr_devices = exists(scene.msr_device) || exists(folder + "/msr_safe");
  scene.msr_safe = open_file(folder + "/msr_safe").valid();
  return scene;
}

RaplDiagnosis diagnose_rapl(const RaplScene& scene, const RaplAttempt& attempt, bool filtered) {
  const bool reads = attempt.found.refused.ok();
  Finding finding = reads ? usable(scene, filtered) : examine(scene, attempt);
  return {attempt.interface, reads, finding.cause, std::move(finding.status)};
}

Status rapl_refusal(const RaplScene& scene, const std::vector<RaplAttempt>& attempts) {
  std::vector<RaplDiagnosis> diagnoses;
  diagnoses.reserve(attempts.size());
  for (const RaplAttempt& attempt : attempts) diagnoses.push_back(diagnose_rapl(scene, attempt, false));
  const auto best = std::min_element(
      diagnoses.begin(), diagnoses.end(),
      [](const RaplDiagnosis& a, const RaplDiagnosis& b) { return promise(a.cause) < promise(b.cause); });
  return best->status;
}

}  // namespace mj::energy
