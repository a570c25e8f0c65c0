#include <filesystem>
#include <set>

#include "test/doctor_machine.h"

namespace {

using namespace mj;
using namespace mj::energy;
using namespace mj::test;

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
