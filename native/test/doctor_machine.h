#pragma once

// A machine of which every fact that the doctor asks for can be set, and what its diagnoses owe.
#include <array>
#include <cerrno>
#include <cstring>
#include <sstream>
#include <string>

#include "energy/rapl_doctor.h"
#include "test/check.h"
#include "test/rapl_tree.h"

namespace mj::test {

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

  [[nodiscard]] energy::RaplDiagnosis diagnose(energy::RaplInterface one) const {
    return energy::diagnose_rapl(energy::read_rapl_scene(roots()), {one, energy::open_watched_rapl(one, roots())},
                                 false);
  }
  // As if the kernel had answered with this errno; only root can bring all of them about.
  [[nodiscard]] energy::RaplDiagnosis diagnose(energy::RaplInterface one, int error) const {
    energy::RaplAttempt attempt{one, {}};
    energy::RaplDomain domain;
    domain.error = error;
    domain.unsupported = {error == EACCES || error == EPERM ? Code::kPermissionDenied : Code::kNotSupported,
                          std::strerror(error)};
    attempt.found.refused = domain.unsupported;
    attempt.found.unreadable.push_back(domain);
    return energy::diagnose_rapl(energy::read_rapl_scene(roots()), attempt, false);
  }

 private:
  const std::string release_;
};

inline std::string guest(const std::string& cpuinfo) { return cpuinfo + " hypervisor"; }

inline bool says(const energy::RaplDiagnosis& diagnosis, const std::string& part) {
  return diagnosis.status.message.find(part) != std::string::npos;
}

// What every diagnosis owes: one sentence, and, where something can be done, what.
inline void check_form(const energy::RaplDiagnosis& diagnosis) {
  const std::string& message = diagnosis.status.message;
  CHECK(!diagnosis.usable);
  CHECK(message.size() > 20 && message.back() == '.');
  CHECK(message.find('\n') == std::string::npos && diagnosis.status.remedy.find('\n') == std::string::npos);
}

#define CHECK_DIAGNOSIS(diagnosis, its_cause, its_remedy)                                \
  do {                                                                                   \
    const energy::RaplDiagnosis& seen_ = (diagnosis);                                    \
    check_form(seen_);                                                                   \
    CHECK_EQ(std::string(energy::rapl_cause_name(seen_.cause)), std::string(its_cause)); \
    CHECK_EQ(seen_.status.remedy, std::string(its_remedy));                              \
  } while (false)

constexpr energy::RaplInterface kPerf = energy::RaplInterface::kPerf;
constexpr energy::RaplInterface kMsr = energy::RaplInterface::kMsr;
constexpr energy::RaplInterface kPowercap = energy::RaplInterface::kPowercap;
constexpr const char* kSysctl = "sudo sysctl -w kernel.perf_event_paranoid=0";
constexpr const char* kElsewhere = "Measure on the host, or on a machine without a hypervisor.";

}  // namespace mj::test
