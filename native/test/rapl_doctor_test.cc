#include "energy/rapl_doctor.h"

#include <sys/xattr.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>

#include "test/check.h"
#include "test/rapl_tree.h"

namespace {

using namespace mj;
using namespace mj::energy;
using namespace mj::test;

constexpr uint64_t kPerfmon = 1ULL << 38U;
constexpr uint64_t kSysAdmin = 1ULL << 21U;
constexpr uint64_t kRawio = 1ULL << 17U;
constexpr uint64_t kAll = (1ULL << 41U) - 1;

// A machine of which every fact that matters can be set.
class Machine : public RaplTree {
 public:
  explicit Machine(const std::string& cpuinfo = kSkylakeX, const std::string& release = "6.8.0-45-generic")
      : RaplTree(cpuinfo), release_(release) {
    topology({{{0, 0}}});
    write("proc/sys/kernel/osrelease", release);
    write("proc/sys/kernel/perf_event_paranoid", "2");
    write("proc/self/mountinfo", "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw");
    write("proc/self/uid_map", "0 0 4294967295");
    process({});
  }

  struct Process {
    uint64_t effective = 0;
    uint64_t bounding = kAll;
    int uid = 1000;
    bool no_new_privileges = false;
    bool seccomp = false;
  };
  void process(const Process& one) const {
    std::ostringstream text;
    text << "Uid:\t" << one.uid << '\t' << one.uid << '\t' << one.uid << '\t' << one.uid << std::hex << "\nCapEff:\t"
         << one.effective << "\nCapBnd:\t" << one.bounding << "\nNoNewPrivs:\t" << one.no_new_privileges
         << "\nSeccomp:\t" << (one.seccomp ? 2 : 0);
    write("proc/self/status", text.str());
  }
  void docker() const { write("proc/1/cgroup", "0::/docker/0a1b"); }
  void kubernetes() const { write("proc/1/cgroup", "0::/kubepods.slice/pod1"); }
  // The kernel's own lists of its modules.
  void modules(const std::string& built_in, const std::string& available) const {
    write("proc/self/root/lib/modules/" + release_ + "/modules.builtin", built_in);
    write("proc/self/root/lib/modules/" + release_ + "/modules.dep", available);
  }
  void power_pmu() const {
    pmu("power", "0");
    event("power", "energy-pkg");
  }

  [[nodiscard]] RaplDiagnosis diagnose(RaplInterface one) const {
    return diagnose_rapl(read_rapl_scene(roots()), {one, open_watched_rapl(one, roots())}, false);
  }
  // As if the kernel had answered with this errno; only root can bring all of them about.
  [[nodiscard]] RaplDiagnosis diagnose(RaplInterface one, int error) const {
    RaplAttempt attempt{one, {}};
    RaplDomain domain;
    domain.error = error;
    domain.unsupported = {error == EACCES || error == EPERM ? Code::kPermissionDenied : Code::kNotSupported,
                          std::strerror(error)};
    attempt.found.refused = domain.unsupported;
    attempt.found.unreadable.push_back(domain);
    return diagnose_rapl(read_rapl_scene(roots()), attempt, false);
  }

 private:
  const std::string release_;
};

std::string guest(const std::string& cpuinfo) { return cpuinfo + " hypervisor"; }

bool says(const RaplDiagnosis& diagnosis, const std::string& part) {
  return diagnosis.status.message.find(part) != std::string::npos;
}

// What every diagnosis owes: one sentence, and, where something can be done, what.
void check_form(const RaplDiagnosis& diagnosis) {
  const std::string& message = diagnosis.status.message;
  CHECK(!diagnosis.usable);
  CHECK(message.size() > 20 && message.back() == '.');
  CHECK(message.find('\n') == std::string::npos && diagnosis.status.remedy.find('\n') == std::string::npos);
}

#define CHECK_DIAGNOSIS(diagnosis, its_cause, its_remedy)                        \
  do {                                                                           \
    const RaplDiagnosis seen_ = (diagnosis);                                     \
    check_form(seen_);                                                           \
    CHECK_EQ(std::string(rapl_cause_name(seen_.cause)), std::string(its_cause)); \
    CHECK_EQ(seen_.status.remedy, std::string(its_remedy));                      \
  } while (false)

constexpr RaplInterface kPerf = RaplInterface::kPerf;
constexpr RaplInterface kMsr = RaplInterface::kMsr;
constexpr RaplInterface kPowercap = RaplInterface::kPowercap;
constexpr const char* kSysctl = "sudo sysctl -w kernel.perf_event_paranoid=0";
constexpr const char* kElsewhere = "Measure on the host, or on a machine without a hypervisor.";

TEST("rapl doctor: modules that are not loaded") {
  const Machine machine;
  CHECK_DIAGNOSIS(machine.diagnose(kPerf), "module-not-loaded", "sudo modprobe rapl");
  CHECK_DIAGNOSIS(machine.diagnose(kMsr), "module-not-loaded", "sudo modprobe msr");
  CHECK_DIAGNOSIS(machine.diagnose(kPowercap), "module-not-loaded", "sudo modprobe intel_rapl_msr");
  machine.docker();
  CHECK_DIAGNOSIS(machine.diagnose(kPerf), "module-not-loaded", "On the host: sudo modprobe rapl");
}

TEST("rapl doctor: modules that the kernel comes without") {
  const Machine machine;
  machine.modules("kernel/arch/x86/kernel/msr.ko", "kernel/fs/fuse/fuse.ko:");
  const RaplDiagnosis perf = machine.diagnose(kPerf);
  check_form(perf);
  CHECK(perf.cause == RaplCause::kNotInKernel);
  CHECK(perf.status.remedy.find("linux-modules-extra-6.8.0-45-generic") != std::string::npos);
}

TEST("rapl doctor: kernels older than the processor") {
  const Machine zen(kZen4, "5.4.0-190-generic");
  CHECK_DIAGNOSIS(zen.diagnose(kPerf), "kernel-too-old", "Update the kernel.");
  CHECK(says(zen.diagnose(kPerf), "since 5.8, and this is 5.4.0-190-generic"));
  CHECK(says(zen.diagnose(kPowercap), "since 5.11"));
  const Machine loaded;
  loaded.write("sys/module/rapl/refcnt", "0");
  CHECK_DIAGNOSIS(loaded.diagnose(kPerf), "kernel-too-old", "Update the kernel.");
  CHECK(says(loaded.diagnose(kPerf), "GenuineIntel family 6 model 85"));
}

TEST("rapl doctor: processors without RAPL") {
  const char* const without[] = {"vendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 44",    // Westmere
                                 "vendor_id\t: AuthenticAMD\ncpu family\t: 21\nmodel\t\t: 2",    // Piledriver
                                 "processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd40"};  // Neoverse V1
  for (const char* cpuinfo : without) {
    const Machine machine(cpuinfo);
    machine.msr(0, 0x606, 0);
    for (const RaplInterface one : kRaplInterfaces) CHECK_DIAGNOSIS(machine.diagnose(one), "unsupported-processor", "");
  }
}

TEST("rapl doctor: virtual machines without counters, the hypervisor named") {
  const Machine machine(guest(kSapphireRapids));
  machine.write("sys/class/dmi/id/sys_vendor", "Amazon EC2");
  machine.write("sys/class/dmi/id/product_name", "m7i.large");
  machine.msr(0, 0x606, 0);
  for (const RaplInterface one : kRaplInterfaces) {
    CHECK_DIAGNOSIS(machine.diagnose(one), one == kMsr ? "never-moves" : "virtual-machine", kElsewhere);
    CHECK(says(machine.diagnose(one), "Amazon EC2 m7i.large"));
  }
  // Devices are there in a guest too, and refusing them says nothing of what is behind.
  CHECK_DIAGNOSIS(machine.diagnose(kMsr, EPERM), "virtual-machine", kElsewhere);
  CHECK_DIAGNOSIS(machine.diagnose(kMsr, EIO), "virtual-machine", kElsewhere);
}

TEST("rapl doctor: a virtual machine whose hypervisor offers counters is measured, and the reader is warned") {
  const Machine machine(guest(kSkylakeX));
  machine.power_pmu();
  CHECK_DIAGNOSIS(machine.diagnose(kPerf, EACCES), "perf-paranoid", kSysctl);
  if (!perf_allowed()) return;
  const RaplDiagnosis readable = machine.diagnose(kPerf);
  CHECK(readable.usable && readable.cause == RaplCause::kVirtualMachine && readable.status.ok());
}

TEST("rapl doctor: the H100 machine's PMU, whose one event never moves") {
  if (!perf_allowed()) return;
  const Machine machine(guest(kSapphireRapids));
  machine.write("sys/class/dmi/id/sys_vendor", "QEMU");
  machine.pmu("power", "0");
  machine.event("power", "energy-psys", "event=0x09");  // the kernel's dummy event counts nothing
  const RaplDiagnosis diagnosis = machine.diagnose(kPerf);
  CHECK_DIAGNOSIS(diagnosis, "never-moves", kElsewhere);
  CHECK(says(diagnosis, "energy-psys") && says(diagnosis, "QEMU/KVM"));
}

TEST("rapl doctor: on bare metal a counter that never moves is no fault of a hypervisor") {
  if (!perf_allowed()) return;
  const Machine machine;
  machine.pmu("power", "0");
  machine.event("power", "energy-pkg", "event=0x09");
  const RaplDiagnosis diagnosis = machine.diagnose(kPerf);
  CHECK_DIAGNOSIS(diagnosis, "never-moves", "");
  CHECK(!says(diagnosis, "virtual"));
}

TEST("rapl doctor: an interface with a platform's counter and no package's") {
  if (!perf_allowed()) return;
  const Machine machine;
  machine.pmu("power", "0");
  machine.event("power", "energy-psys");
  CHECK_DIAGNOSIS(machine.diagnose(kPerf), "no-package-counter", "");
}

TEST("rapl doctor: perf_event_paranoid above 0") {
  const Machine machine;
  machine.power_pmu();
  CHECK_DIAGNOSIS(machine.diagnose(kPerf, EACCES), "perf-paranoid", kSysctl);
  CHECK(says(machine.diagnose(kPerf, EACCES), "perf_event_paranoid is 2"));
  CHECK(says(machine.diagnose(kPerf, EACCES), "CAP_PERFMON, which this process lacks; the bounding set has it"));
}

TEST("rapl doctor: a capability that is permitted and not in effect") {
  const Machine machine;
  machine.power_pmu();
  machine.write("proc/self/status", "CapPrm:\t0000004000000000\nCapEff:\t0\nCapBnd:\t1ffffffffff");
  CHECK(says(machine.diagnose(kPerf, EACCES), "permitted and has not in effect"));
}

TEST("rapl doctor: before Linux 5.8 it takes CAP_SYS_ADMIN") {
  const Machine machine(kSkylakeX, "5.4.0-190-generic");
  machine.power_pmu();
  CHECK_DIAGNOSIS(machine.diagnose(kPerf, EACCES), "perf-paranoid", kSysctl);
  CHECK(says(machine.diagnose(kPerf, EACCES), "CAP_SYS_ADMIN"));
}

TEST("rapl doctor: Debian's levels 3 and 4, which CAP_PERFMON does not pass") {
  const Machine machine;
  machine.power_pmu();
  machine.write("proc/sys/kernel/perf_event_paranoid", "4");
  machine.process({kPerfmon});
  CHECK_DIAGNOSIS(machine.diagnose(kPerf, EACCES), "perf-paranoid", kSysctl);
  CHECK(says(machine.diagnose(kPerf, EACCES), "is not enough"));
  // With everything that is asked for, it is somebody else who refuses.
  machine.process({kPerfmon | kSysAdmin});
  CHECK(machine.diagnose(kPerf, EACCES).cause == RaplCause::kSecurityModule);
}

TEST("rapl doctor: a refusal without a reason in the kernel's settings is a security module's") {
  const Machine machine;
  machine.power_pmu();
  machine.write("proc/sys/kernel/perf_event_paranoid", "-1");
  CHECK(machine.diagnose(kPerf, EACCES).cause == RaplCause::kSecurityModule);
  machine.write("proc/sys/kernel/perf_event_paranoid", "2");
  machine.process({kPerfmon});
  CHECK(machine.diagnose(kPerf, EACCES).cause == RaplCause::kSecurityModule);
}

TEST("rapl doctor: capabilities of a user namespace count for nothing") {
  const Machine machine;
  machine.power_pmu();
  machine.msr(0, 0x606, 0xA0E03);
  machine.write("proc/self/uid_map", "0 100000 65536");
  machine.process({kAll, kAll, 0});
  CHECK(machine.diagnose(kPerf, EACCES).cause == RaplCause::kUserNamespace);
  CHECK(machine.diagnose(kMsr, EPERM).cause == RaplCause::kUserNamespace);
  machine.zone("intel-rapl:0", "package-0", 1);
  CHECK(machine.diagnose(kPowercap, EACCES).cause == RaplCause::kUserNamespace);
}

TEST("rapl doctor: capabilities outside the bounding set come from whoever starts the process") {
  const Machine machine;
  machine.power_pmu();
  machine.msr(0, 0x606, 0xA0E03);
  machine.process({0, kAll & ~kPerfmon & ~kRawio});
  CHECK_DIAGNOSIS(machine.diagnose(kPerf, EACCES), "capability-not-in-bounding-set",
                  "In the unit of the service: CapabilityBoundingSet=CAP_PERFMON and AmbientCapabilities=CAP_PERFMON");
  machine.docker();
  CHECK_DIAGNOSIS(machine.diagnose(kPerf, EACCES), "capability-not-in-bounding-set", "docker run --cap-add PERFMON …");
  CHECK_DIAGNOSIS(machine.diagnose(kMsr, EPERM), "capability-not-in-bounding-set", "docker run --cap-add SYS_RAWIO …");
  machine.kubernetes();
  CHECK_DIAGNOSIS(machine.diagnose(kPerf, EACCES), "capability-not-in-bounding-set",
                  "In the container's securityContext: capabilities: { add: [PERFMON] }");
}

TEST("rapl doctor: a capability that the container has and its user has not") {
  const Machine machine;
  machine.power_pmu();
  machine.docker();
  const RaplDiagnosis diagnosis = machine.diagnose(kPerf, EACCES);
  check_form(diagnosis);
  CHECK(diagnosis.status.remedy.find("setcap cap_perfmon=ep") != std::string::npos);
}

// setcap, which only root may.
bool give_node(const Machine& machine, uint64_t capabilities) {
  machine.write("node", "");
  std::filesystem::create_symlink(machine.path("node"), machine.path("proc/self/exe"));
  const std::array<uint32_t, 5> data = {0x02000001, static_cast<uint32_t>(capabilities), 0,
                                        static_cast<uint32_t>(capabilities >> 32U), 0};
  return setxattr(machine.path("node").c_str(), "security.capability", data.data(), sizeof(data), 0) == 0;
}

TEST("rapl doctor: a node binary with CAP_PERFMON that has no effect") {
  const Machine machine;
  machine.power_pmu();
  if (!give_node(machine, kPerfmon)) return;
  CHECK(says(machine.diagnose(kPerf, EACCES), "carries it, and this process did not get it"));
  Machine::Process process;
  process.no_new_privileges = true;
  machine.process(process);
  CHECK(machine.diagnose(kPerf, EACCES).cause == RaplCause::kNoNewPrivileges);
}

TEST("rapl doctor: a node binary without capabilities is named") {
  const Machine machine;
  machine.power_pmu();
  machine.write("node", "");
  std::filesystem::create_symlink(machine.path("node"), machine.path("proc/self/exe"));
  CHECK(says(machine.diagnose(kPerf, EACCES), "/node gives none"));
}

TEST("rapl doctor: seccomp filters of containers") {
  const Machine machine;
  machine.power_pmu();
  machine.docker();
  Machine::Process process;
  process.seccomp = true;
  machine.process(process);
  CHECK_DIAGNOSIS(machine.diagnose(kPerf, EPERM), "seccomp", "docker run --cap-add PERFMON …");
  CHECK_DIAGNOSIS(machine.diagnose(kPerf, ENOSYS), "seccomp", "docker run --cap-add PERFMON …");
  // The paranoid level answers with another errno.
  CHECK(machine.diagnose(kPerf, EACCES).cause == RaplCause::kPerfParanoid);
  process.effective = kPerfmon;
  machine.process(process);
  CHECK(machine.diagnose(kPerf, EPERM).cause == RaplCause::kSeccomp);
  CHECK(machine.diagnose(kPerf, EPERM).status.remedy.find("--security-opt seccomp=") != std::string::npos);
}

TEST("rapl doctor: a kernel without perf events at all") {
  const Machine machine;
  machine.power_pmu();
  CHECK(machine.diagnose(kPerf, ENOSYS).cause == RaplCause::kNotInKernel);
}

TEST("rapl doctor: counters of powercap that only root may read") {
  const Machine machine;
  machine.zone("intel-rapl:0", "package-0", 1000);
  CHECK_EQ(chmod(machine.path(RaplTree::place("intel-rapl:0") + "/energy_uj").c_str(), 0400), 0);
  const Unprivileged nobody;
  const RaplDiagnosis diagnosis = machine.diagnose(kPowercap);
  // Whoever runs this test without being root owns the file.
  if (diagnosis.cause == RaplCause::kNeverMoves) return;
  CHECK_DIAGNOSIS(diagnosis, "root-only-file",
                  "sudo chown \"$(id -u)\" " + machine.roots().powercap_root() + "/intel-rapl*:*/energy_uj");
  CHECK(says(diagnosis, "CVE-2020-8694"));
}

TEST("rapl doctor: containers that hide the powercap tree") {
  const Machine machine;
  machine.docker();
  machine.zone("intel-rapl:0", "package-0", 1000);
  std::filesystem::remove_all(machine.path("sys/devices/virtual/powercap/intel-rapl"));
  const char* const mount =
      "docker run -v /sys/devices/virtual/powercap:/host/powercap:ro …, then name it: --root powercap=/host/powercap";
  CHECK_DIAGNOSIS(machine.diagnose(kPowercap), "masked-by-container", mount);
  std::filesystem::remove_all(machine.path("sys/class/powercap"));
  machine.write("proc/self/mountinfo", "31 23 0:60 / /sys/devices/virtual/powercap ro,relatime - tmpfs tmpfs ro");
  CHECK_DIAGNOSIS(machine.diagnose(kPowercap), "masked-by-container", mount);
}

TEST("rapl doctor: registers that only root may read") {
  const Machine machine;
  machine.msr(0, 0x606, 0xA0E03);
  CHECK_EQ(chmod(machine.msr_path(0).c_str(), 0), 0);
  CHECK(machine.diagnose(kMsr, EACCES).cause == RaplCause::kRootOnlyFile);
  const RaplDiagnosis capability = machine.diagnose(kMsr, EPERM);
  check_form(capability);
  CHECK(capability.cause == RaplCause::kCapabilityMissing);
  CHECK(says(capability, "CAP_SYS_RAWIO"));
}

TEST("rapl doctor: msr-safe without the energy registers on its list") {
  const Machine machine;
  machine.write("dev/cpu/0/msr_safe", "");
  CHECK(machine.diagnose(kMsr, EACCES).cause == RaplCause::kNotOnAllowlist);
}

TEST("rapl doctor: devices that the host has and the container has not") {
  const Machine machine;
  machine.docker();
  machine.write("sys/module/msr/refcnt", "0");
  const std::string remedy = "docker run --cap-add SYS_RAWIO --device " + machine.roots().msr_root() + "/0/msr …";
  CHECK_DIAGNOSIS(machine.diagnose(kMsr), "device-not-in-container", remedy);
  machine.msr(0, 0x606, 0xA0E03);
  machine.process({kRawio, kAll, 0});
  CHECK_DIAGNOSIS(machine.diagnose(kMsr, EPERM), "device-not-in-container", remedy);
  machine.kubernetes();
  CHECK_DIAGNOSIS(machine.diagnose(kMsr, EPERM), "device-not-in-container",
                  "In the container's securityContext: privileged: true");
}

TEST("rapl doctor: lockdown, and a refusal without it") {
  const Machine machine;
  machine.msr(0, 0x606, 0xA0E03);
  machine.process({kAll, kAll, 0});
  CHECK(machine.diagnose(kMsr, EPERM).cause == RaplCause::kSecurityModule);
  machine.write("sys/kernel/security/lockdown", "none [integrity] confidentiality");
  CHECK_DIAGNOSIS(machine.diagnose(kMsr, EPERM), "lockdown",
                  "Read the counters by perf or powercap, which lockdown leaves open.");
}

TEST("rapl doctor: values with deliberate noise are usable, and said to be such") {
  if (!perf_allowed()) return;
  const Machine machine;
  machine.power_pmu();
  const RaplAttempt attempt{kPerf, open_watched_rapl(kPerf, machine.roots())};
  const RaplDiagnosis plain = diagnose_rapl(read_rapl_scene(machine.roots()), attempt, false);
  CHECK(plain.usable && plain.cause == RaplCause::kNone && plain.status.message.empty());
  const RaplDiagnosis noisy = diagnose_rapl(read_rapl_scene(machine.roots()), attempt, true);
  CHECK(noisy.usable && noisy.cause == RaplCause::kFiltered && !noisy.status.message.empty());
}

TEST("rapl doctor: of several refusals the one that can be mended is told") {
  const Machine machine;
  machine.zone("intel-rapl:0", "package-0", 1000);
  const RaplScene scene = read_rapl_scene(machine.roots());
  std::vector<RaplAttempt> attempts;
  for (const RaplInterface one : kRaplInterfaces) {
    attempts.push_back({one, {}});
    attempts.back().found.refused = {Code::kNotSupported, "Refused."};
  }
  // Neither perf nor msr is loaded: powercap is nearest.
  RaplDomain denied;
  denied.error = EACCES;
  attempts[2].found.unreadable.push_back(denied);
  CHECK(rapl_refusal(scene, attempts).message.find("CVE-2020-8694") != std::string::npos);
  attempts.pop_back();
  CHECK_EQ(rapl_refusal(scene, attempts).remedy, "sudo modprobe rapl");
}

TEST("rapl doctor: each cause has a name of its own") {
  std::set<std::string> names;
  for (int i = 0; i <= static_cast<int>(RaplCause::kOther); ++i) {
    CHECK(names.insert(rapl_cause_name(static_cast<RaplCause>(i))).second);
  }
}

}  // namespace
