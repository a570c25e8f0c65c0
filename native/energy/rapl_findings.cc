#include "energy/rapl_findings.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace mj::energy {

namespace {

// Models of Intel's family 6 that are as new as Sandy Bridge (42) by number and older by design.
constexpr std::array<int, 5> kIntelWithoutRapl = {44, 46, 47, 53, 54};
constexpr int kSandyBridge = 42;
constexpr int kFirstZen = 0x17;

// Of whoever gives the running program a capability of its own; docs/permissions.md has what was tried.
constexpr const char* kPriceOfSetcap = "; setcap on it makes every run of it ignore LD_LIBRARY_PATH and NODE_OPTIONS";

std::string without_prefix(Capability one) { return std::string(capability_name(one)).substr(4); }

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

std::string binary_of(const ProcessFacts& process) {
  return process.program.empty() ? "the running program" : process.program;
}

Finding out_of_bounds(const SystemFacts& system, Capability one, const std::string& needs) {
  const std::string name = capability_name(one);
  return {
      RaplCause::kCapabilityNotInBoundingSet,
      {Code::kPermissionDenied, needs + ", which is not even in the bounding set: nothing started here can have it.",
       in_container(system)
           ? container_remedy(system, one)
           : "In the unit of the service: CapabilityBoundingSet=" + name + " and AmbientCapabilities=" + name}};
}

Finding given_in_vain(const ProcessFacts& process, const std::string& needs) {
  const std::string carries = needs + ": " + binary_of(process) + " carries it, and ";
  if (process.no_new_privileges.value_or(false)) {
    return {RaplCause::kNoNewPrivileges,
            {Code::kPermissionDenied, carries + "no_new_privs, set by whoever started this process, voids that.",
             "Start it without no_new_privs (in a systemd unit: NoNewPrivileges=no)."}};
  }
  return {RaplCause::kCapabilityMissing,
          {Code::kPermissionDenied, carries + "this process did not get it.",
           "Start it again; where that does not help, its file system is mounted nosuid."}};
}

}  // namespace

bool has_rapl(const Processor& processor) noexcept {
  if (processor.vendor == "AuthenticAMD" || processor.vendor == "HygonGenuine") return processor.family >= kFirstZen;
  if (processor.vendor != "GenuineIntel" || processor.family < 6) return false;
  if (processor.family > 6) return processor.family != 15;  // NetBurst
  return processor.model >= kSandyBridge &&
         std::find(kIntelWithoutRapl.begin(), kIntelWithoutRapl.end(), processor.model) == kIntelWithoutRapl.end();
}

std::string processor_text(const Processor& processor) {
  if (processor.vendor.empty()) return "a processor without a vendor's name";
  const std::string kind =
      processor.vendor + " family " + std::to_string(processor.family) + " model " + std::to_string(processor.model);
  return processor.name.empty() ? kind : processor.name + " (" + kind + ")";
}

bool in_container(const SystemFacts& system) noexcept {
  return system.confinement.container.value_or(Container::kNone) != Container::kNone;
}

bool lacks(const std::optional<CapabilitySet>& set, Capability one) noexcept { return set && !set->has(one); }
bool has(const std::optional<CapabilitySet>& set, Capability one) noexcept { return set && set->has(one); }

Finding unsupported_processor(const RaplScene& scene) {
  return {RaplCause::kUnsupportedProcessor,
          {Code::kNotSupported, "This is " + processor_text(scene.processor) +
                                    ": RAPL counters exist on Intel from Sandy Bridge and on AMD from Zen on."}};
}

Finding virtual_machine(const RaplScene& scene) {
  return {RaplCause::kVirtualMachine,
          {Code::kNotSupported,
           "This is a virtual machine (" + scene.system.confinement.hypervisor +
               "), and its hypervisor shows it no energy counters.",
           "Measure on the host, or on a machine without a hypervisor."}};
}

Finding missing_capability(const SystemFacts& system, Capability one, const std::string& needed_for,
                           const std::string& on_the_spot) {
  const ProcessFacts& process = system.process;
  const std::string needs = needed_for + " needs " + capability_name(one);
  if (lacks(process.bounding, one)) return out_of_bounds(system, one, needs);
  if (has(process.permitted, one)) {
    return {RaplCause::kCapabilityMissing,
            {Code::kPermissionDenied,
             needs + ", which this process is permitted and has not in effect" + kPriceOfSetcap + ".",
             "sudo setcap " + lower(capability_name(one)) + "=ep " + binary_of(process)}};
  }
  if (has(process.file_capabilities, one)) return given_in_vain(process, needs);
  const std::string bounding = has(process.bounding, one) ? "; the bounding set has it" : "";
  if (in_container(system)) {
    return {RaplCause::kCapabilityMissing,
            {Code::kPermissionDenied, needs + ", which this process' user lacks" + bounding + kPriceOfSetcap + ".",
             "Run as root within the container, or in its image: setcap " + lower(capability_name(one)) + "=ep " +
                 binary_of(process)}};
  }
  const std::string nor =
      lacks(process.file_capabilities, one) ? ", and " + binary_of(process) + " gives none" + kPriceOfSetcap : "";
  return {RaplCause::kCapabilityMissing,
          {Code::kPermissionDenied, needs + ", which this process lacks" + bounding + nor + ".", on_the_spot}};
}

Finding user_namespace(Capability one) {
  return {RaplCause::kUserNamespace,
          {Code::kPermissionDenied,
           std::string("This process has ") + capability_name(one) +
               " within its user namespace only, as rootless containers do, and the kernel asks for the machine's.",
           "Start the container as root of the machine, without a user namespace."}};
}

Finding security_module(const std::string& what) {
  return {RaplCause::kSecurityModule,
          {Code::kPermissionDenied,
           "A security module (SELinux, AppArmor) refuses " + what + " although everything else allows it.",
           "Allow it in the module's policy; its audit log names the rule."}};
}

Finding absent(const RaplScene& scene, const KernelModule& module, FirstRelease needs, const std::string& message) {
  if (!has_rapl(scene.processor)) return unsupported_processor(scene);
  if (!scene.system.confinement.hypervisor.empty()) return virtual_machine(scene);
  const std::optional<KernelRelease>& release = scene.system.kernel.release;
  if (release && release->before(needs.major, needs.minor)) {
    return {RaplCause::kKernelTooOld,
            {Code::kNotSupported,
             message + " Linux has it for such processors since " + std::to_string(needs.major) + "." +
                 std::to_string(needs.minor) + ", and this is " + release->text + ".",
             "Update the kernel."}};
  }
  const std::string host = in_container(scene.system) ? "On the host: " : "";
  switch (module.state.value_or(ModuleState::kAvailable)) {
    case ModuleState::kLoaded:
    case ModuleState::kBuiltIn:
      return {RaplCause::kKernelTooOld,
              {Code::kNotSupported,
               message + " The kernel has its module " + module.name + ", which does not know " +
                   processor_text(scene.processor) + ".",
               "Update the kernel."}};
    case ModuleState::kMissing:
      return {RaplCause::kNotInKernel,
              {Code::kNotSupported, message + " This kernel comes without the module " + module.name + ".",
               host + "Install the kernel's further modules (Ubuntu: linux-modules-extra-" +
                   (release ? release->text : "$(uname -r)") + "), or another kernel."}};
    case ModuleState::kAvailable:
      break;
  }
  return {RaplCause::kModuleNotLoaded,
          {Code::kNotSupported, message + " The module " + module.name + " is not loaded.",
           host + "sudo modprobe " + module.name}};
}

std::string container_remedy(const SystemFacts& system, Capability one, const std::string& flags) {
  const std::string name = without_prefix(one);
  switch (system.confinement.container.value_or(Container::kOther)) {
    case Container::kDocker:
      return "docker run --cap-add " + name + flags + " …";
    case Container::kPodman:
      return "podman run --cap-add " + name + flags + " …";
    case Container::kKubernetes:
      // Kubernetes gives single devices through plugins only.
      return flags.empty() ? "In the container's securityContext: capabilities: { add: [" + name + "] }"
                           : "In the container's securityContext: privileged: true";
    case Container::kNone:
    case Container::kOther:
      break;
  }
  return "Start the container with the capability " + std::string(capability_name(one)) + ".";
}

}  // namespace mj::energy
