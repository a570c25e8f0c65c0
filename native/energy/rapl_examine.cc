#include "energy/rapl_examine.h"

#include <cerrno>

#include "energy/rapl_model.h"

namespace mj::energy {

namespace {

bool is_amd(const Processor& processor) { return processor.vendor != "GenuineIntel"; }

// errno of the call that refused the interface; 0: it was not that far.
int refusing_error(const RaplFound& found) {
  return found.groups.empty() && !found.unreadable.empty() ? found.unreadable.front().error : 0;
}

// Levels above 2 are none of the kernel's own.
constexpr int kHighestKernelLevel = 2;

Finding perf_paranoid(const SystemFacts& system) {
  const std::optional<int>& level = system.kernel.perf_paranoid;
  const std::string value = level ? std::to_string(*level) : "above 0";
  const Capability needed =
      system.kernel.release && system.kernel.release->before(5, 8) ? Capability::kSysAdmin : Capability::kPerfmon;
  const std::string sysctl = "sudo sysctl -w kernel.perf_event_paranoid=0";
  if (level.value_or(0) > kHighestKernelLevel && has(system.process.effective, Capability::kPerfmon)) {
    return {RaplCause::kPerfParanoid,
            {Code::kPermissionDenied,
             "perf_event_paranoid is " + value +
                 ", a level of the distribution's own at which CAP_PERFMON, which this process has, is not enough.",
             in_container(system) ? "On the host: " + sysctl : sysctl}};
  }
  Finding finding =
      missing_capability(system, needed, "perf_event_paranoid is " + value + ": counting a whole CPU", sysctl);
  // Lowering the level mends what the capability would, unless neither is in reach from here.
  if (finding.cause == RaplCause::kCapabilityMissing) finding.cause = RaplCause::kPerfParanoid;
  return finding;
}

Finding perf_denied(const RaplScene& scene, int error) {
  const SystemFacts& system = scene.system;
  const bool capable =
      has(system.process.effective, Capability::kPerfmon) || has(system.process.effective, Capability::kSysAdmin);
  if (error != EACCES && system.process.seccomp_filter.value_or(false)) {
    const std::string sentence = "A seccomp filter refuses perf_event_open";
    if (capable) {
      return {RaplCause::kSeccomp,
              {Code::kPermissionDenied, sentence + " although this process has the capability for it.",
               "Allow perf_event_open in the filter (docker, podman: --security-opt seccomp=FILE; systemd: "
               "SystemCallFilter=perf_event_open)."}};
    }
    return {RaplCause::kSeccomp,
            {Code::kPermissionDenied, sentence + ", as containers without CAP_PERFMON have one.",
             container_remedy(system, Capability::kPerfmon)}};
  }
  if (system.kernel.perf_paranoid && *system.kernel.perf_paranoid <= 0) return security_module("perf events");
  const bool kernels_level = system.kernel.perf_paranoid.value_or(0) <= kHighestKernelLevel;
  if (capable && (kernels_level || has(system.process.effective, Capability::kSysAdmin))) {
    return system.process.user_namespace.value_or(false) ? user_namespace(Capability::kPerfmon)
                                                         : security_module("perf events");
  }
  return perf_paranoid(system);
}

}  // namespace

Finding examine_perf(const RaplScene& scene, const RaplFound& found) {
  if (!scene.pmu) {
    return absent(scene, scene.system.kernel.perf, is_amd(scene.processor) ? FirstRelease{5, 8} : FirstRelease{3, 14},
                  "The kernel offers no perf PMU 'power'.");
  }
  switch (const int error = refusing_error(found)) {
    case EACCES:
    case EPERM:
      return perf_denied(scene, error);
    case ENOSYS:
      if (scene.system.process.seccomp_filter.value_or(false)) return perf_denied(scene, error);
      return {RaplCause::kNotInKernel, found.refused};
    case ENOENT:
    case ENODEV:
    case EINVAL:
    case EOPNOTSUPP:
      if (!scene.system.confinement.hypervisor.empty()) return virtual_machine(scene);
      break;
    default:
      break;
  }
  return {RaplCause::kOther, found.refused};
}

namespace {

Finding msr_absent(const RaplScene& scene) {
  const KernelModule& module = scene.system.kernel.msr;
  const bool loaded = module.state == ModuleState::kLoaded || module.state == ModuleState::kBuiltIn;
  if (!in_container(scene.system) || !loaded || !scene.system.confinement.hypervisor.empty()) {
    return absent(scene, module, {0, 0}, "There is no " + scene.msr_device + ".");
  }
  return {RaplCause::kDeviceNotInContainer,
          {Code::kPermissionDenied, "The host has the device " + scene.msr_device + ", and the container does not.",
           container_remedy(scene.system, Capability::kSysRawio, " --device " + scene.msr_device)}};
}

Finding msr_denied(const RaplScene& scene, int error) {
  const SystemFacts& system = scene.system;
  if (scene.msr_safe) {
    return {
        RaplCause::kNotOnAllowlist,
        {Code::kPermissionDenied, "The kernel module msr-safe is loaded, and its allowlist lacks the energy registers.",
         "Add them to /dev/cpu/msr_allowlist; docs/permissions.md lists them."}};
  }
  // The file's mode is judged before the capability.
  if (error == EACCES) {
    return {RaplCause::kRootOnlyFile,
            {Code::kPermissionDenied,
             "Only root may open " + scene.msr_device + ", and with it any register of the processor.",
             "Run as root; or read the counters by perf or powercap, which need less."}};
  }
  if (!has(system.process.effective, Capability::kSysRawio)) {
    return missing_capability(system, Capability::kSysRawio, "Reading " + scene.msr_device,
                              "Run as root; or read the counters by perf or powercap, which need less.");
  }
  if (system.process.user_namespace.value_or(false)) return user_namespace(Capability::kSysRawio);
  if (in_container(system)) {
    return {RaplCause::kDeviceNotInContainer,
            {Code::kPermissionDenied, "The container's device rules refuse " + scene.msr_device + ".",
             container_remedy(system, Capability::kSysRawio, " --device " + scene.msr_device)}};
  }
  const Lockdown lockdown = system.kernel.lockdown.value_or(Lockdown::kNone);
  if (lockdown == Lockdown::kNone) return security_module(scene.msr_device);
  return {RaplCause::kLockdown,
          {Code::kPermissionDenied,
           std::string("The kernel is locked down (") + lockdown_name(lockdown) +
               "), as Secure Boot makes it, and refuses the processor's registers even to root.",
           "Read the counters by perf or powercap, which lockdown leaves open."}};
}

}  // namespace

Finding examine_msr(const RaplScene& scene, const RaplFound& found) {
  const RaplModel model = rapl_model(scene.processor);
  if (!model.refused.ok()) return {RaplCause::kUnsupportedProcessor, model.refused};
  if (!scene.msr_devices) return msr_absent(scene);
  // A guest has such devices too. Only a PMU or zones tell that there are counters behind them.
  const bool guest = !scene.system.confinement.hypervisor.empty();
  if (guest && !scene.pmu && !scene.zones) return virtual_machine(scene);
  switch (const int error = refusing_error(found)) {
    case EACCES:
    case EPERM:
      return msr_denied(scene, error);
    case EIO:
      return guest ? virtual_machine(scene) : Finding{RaplCause::kUnsupportedProcessor, found.refused};
    default:
      return {RaplCause::kOther, found.refused};
  }
}

namespace {

Finding powercap_masked(const RaplScene& scene) {
  const Container container = scene.system.confinement.container.value_or(Container::kOther);
  std::string remedy = "Mount the host's /sys/devices/virtual/powercap at /host/powercap, and name it: roots.powercap.";
  if (container == Container::kDocker || container == Container::kPodman) {
    remedy = std::string(container_name(container)) +
             " run -v /sys/devices/virtual/powercap:/host/powercap:ro …, then name it: --root powercap=/host/powercap";
  }
  return {RaplCause::kMaskedByContainer,
          {Code::kPermissionDenied, "The container hides the powercap tree, as runtimes do since 2023 (CVE-2020-8694).",
           remedy}};
}

Finding powercap_denied(const RaplScene& scene) {
  const SystemFacts& system = scene.system;
  if (system.process.uid == 0U && system.process.user_namespace.value_or(false)) {
    return user_namespace(Capability::kDacReadSearch);
  }
  const std::string counters = scene.powercap_root + "/intel-rapl*:*/energy_uj";
  return {RaplCause::kRootOnlyFile,
          {Code::kPermissionDenied,
           "Only root may read the counters " + counters + ": kernels since 5.10 keep them so (CVE-2020-8694).",
           in_container(system) ? "Run as root in the container, or on the host: sudo chown USER " + counters
                                : "sudo chown \"$(id -u)\" " + counters}};
}

}  // namespace

Finding examine_powercap(const RaplScene& scene, const RaplFound& found) {
  const bool masked = scene.system.confinement.powercap_masked.value_or(false);
  if (scene.zones_hidden || (masked && !scene.zones)) return powercap_masked(scene);
  const int error = refusing_error(found);
  if (error == EACCES || error == EPERM) return powercap_denied(scene);
  if (!scene.zones && found.refused.code != Code::kPermissionDenied) {
    return absent(scene, scene.system.kernel.powercap,
                  is_amd(scene.processor) ? FirstRelease{5, 11} : FirstRelease{3, 13},
                  "There are no RAPL zones in " + scene.powercap_root + ".");
  }
  return {RaplCause::kOther, found.refused};
}

}  // namespace mj::energy
