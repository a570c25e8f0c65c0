#include <sys/xattr.h>

#include <filesystem>

#include "test/doctor_machine.h"

namespace {

using namespace mj;
using namespace mj::energy;
using namespace mj::test;

// Wherever setcap is offered, or would be thought of.
constexpr const char* kPriceOfSetcap = "makes every run of it ignore LD_LIBRARY_PATH and NODE_OPTIONS";

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
  CHECK(says(machine.diagnose(kPerf, EACCES), kPriceOfSetcap));
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
  CHECK(says(diagnosis, kPriceOfSetcap));
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
  CHECK(says(machine.diagnose(kPerf, EACCES), kPriceOfSetcap));
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

}  // namespace
