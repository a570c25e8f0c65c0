#include <sys/resource.h>

#include <array>
#include <cerrno>
#include <thread>

#include "base/clock.h"
#include "energy/rapl.h"
#include "test/check.h"
#include "test/perf_tree.h"

namespace {

using namespace mj;
using namespace mj::energy;
using mj::test::perf_allowed;
using mj::test::PerfTree;

constexpr int kNoSuchCpu = 60'000;

// What an unprivileged process sees instead of counters; true where there is nothing more to test.
bool refused_here(const RaplFound& found) {
  if (perf_allowed()) return false;
  std::printf("skipped the rest: perf_event_open is refused here: %s\n", found.refused.message.c_str());
  CHECK(found.refused.code == Code::kPermissionDenied);
  CHECK(!found.refused.remedy.empty());
  CHECK(found.groups.empty());
  return true;
}

TEST("rapl perf: the domains of a package come from one read, in joules by their scale") {
  const PerfTree tree;
  tree.topology({{{0, 0}}});
  tree.pmu("power", "0");
  tree.event("power", "energy-pkg");
  tree.event("power", "energy-ram", "event=0x00", "Joules", "2e-9");
  const RaplFound found = open_rapl_perf(tree.roots());
  if (refused_here(found)) return;
  CHECK(found.refused.ok());
  CHECK(found.unreadable.empty());
  CHECK_EQ(found.groups.size(), 1U);
  const RaplGroup& group = found.groups[0];
  CHECK_EQ(group.domains.size(), 2U);
  CHECK(group.domains[0].scope == Scope::kPackage);
  CHECK_EQ(group.domains[0].name, "energy-pkg");
  CHECK_EQ(group.domains[0].modulus, 0U);
  CHECK(group.domains[1].scope == Scope::kDram);

  std::array<uint64_t, 2> first{};
  std::array<uint64_t, 2> second{};
  std::array<int64_t, 4> t{};
  t[0] = monotonic_ns();
  CHECK_EQ(group.reads->read(first.data()).count, 2U);
  t[1] = monotonic_ns();
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  t[2] = monotonic_ns();
  CHECK_EQ(group.reads->read(second.data()).count, 2U);
  t[3] = monotonic_ns();
  for (size_t i = 0; i < 2; ++i) {
    const double joules = static_cast<double>(second[i] - first[i]) * group.domains[i].unit_j;
    const double watts = static_cast<double>(i + 1);
    // The kernel's clock of a CPU and ours may tick apart a little.
    CHECK(joules >= 0.99 * watts * static_cast<double>(t[2] - t[1]) / kNsPerSecond);
    CHECK(joules <= 1.01 * watts * static_cast<double>(t[3] - t[0]) / kNsPerSecond);
  }
}

TEST("rapl perf: another CPU of the package is taken where the one in the mask does not open") {
  const PerfTree tree;
  tree.topology({{{kNoSuchCpu, 0}, {0, 0}}, {{kNoSuchCpu + 1, 0}}});
  tree.pmu("power", std::to_string(kNoSuchCpu) + "," + std::to_string(kNoSuchCpu + 1));
  tree.event("power", "energy-pkg");
  const RaplFound found = open_rapl_perf(tree.roots());
  if (refused_here(found)) return;
  CHECK_EQ(found.groups.size(), 1U);
  CHECK_EQ(found.groups[0].package, 0);
  CHECK_EQ(found.groups[0].cpus.size(), 2U);
  CHECK_EQ(found.unreadable.size(), 1U);
  CHECK_EQ(found.unreadable[0].package, 1);
  CHECK(!found.unreadable[0].unsupported.ok());
}

TEST("rapl perf: dies count for themselves on Intel's processors, and mirror their package on others") {
  for (const bool intel : {true, false}) {
    const PerfTree tree;
    tree.write("proc/cpuinfo", intel ? "vendor_id\t: GenuineIntel" : "vendor_id\t: AuthenticAMD");
    tree.topology({{{0, 0}, {1, 1}}});
    tree.pmu("power", "0,1");
    tree.event("power", "energy-pkg");
    const RaplFound found = open_rapl_perf(tree.roots());
    if (refused_here(found)) return;
    const size_t opened = found.groups.size() + found.unreadable.size();  // CPU 1 may not exist
    CHECK_EQ(opened, intel ? 2U : 1U);
    CHECK_EQ(found.groups[0].cpus.size(), intel ? 1U : 2U);
  }
}

TEST("rapl perf: the cores of a package are the sum of its per-core counters, all of them or none") {
  const PerfTree tree;
  tree.topology({{{0, 0}}, {{kNoSuchCpu, 0}}});
  tree.pmu("power", "0");
  tree.event("power", "energy-pkg");
  tree.pmu("power_core", "0," + std::to_string(kNoSuchCpu));
  tree.event("power_core", "energy-core");
  const RaplFound found = open_rapl_perf(tree.roots());
  if (refused_here(found)) return;
  CHECK_EQ(found.groups.size(), 2U);
  const RaplGroup& cores = found.groups[1];
  CHECK(cores.domains[0].scope == Scope::kCore);
  CHECK_EQ(cores.domains[0].name, "energy-core");
  uint64_t first = 0;
  uint64_t second = 0;
  CHECK_EQ(cores.reads->read(&first).count, 1U);
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  CHECK_EQ(cores.reads->read(&second).count, 1U);
  CHECK(second > first);
  bool core_refused = false;
  for (const RaplDomain& domain : found.unreadable) core_refused |= domain.scope == Scope::kCore && domain.package == 1;
  CHECK(core_refused);
}

TEST("rapl perf: an event that is not understood is left out with the reason, and one of a newer kernel ignored") {
  const PerfTree tree;
  tree.topology({{{0, 0}}});
  tree.pmu("power", "0");
  tree.event("power", "energy-pkg");
  tree.event("power", "energy-cores", "event=0x00", "Watts");
  tree.event("power", "energy-gpu", "event=0x00,umask=0x01");
  tree.event("power", "energy-psys", "event=0x00", "Joules", "much");
  tree.event("power", "energy-fan");
  const RaplFound found = open_rapl_perf(tree.roots());
  if (refused_here(found)) return;
  CHECK_EQ(found.groups.size(), 1U);
  CHECK_EQ(found.groups[0].domains.size(), 1U);
  CHECK_EQ(found.unreadable.size(), 3U);
  for (const RaplDomain& domain : found.unreadable) CHECK(domain.unsupported.code == Code::kNotSupported);
}

TEST("rapl perf: without the PMU, its events or its CPUs the refusal says which") {
  const PerfTree tree;
  const RaplFound absent = open_rapl_perf(tree.roots());
  CHECK(absent.refused.code == Code::kNotSupported);
  CHECK(!absent.refused.remedy.empty());
  tree.pmu("power", "0");
  CHECK(open_rapl_perf(tree.roots()).refused.message.find("CPUs") != std::string::npos);
  tree.topology({{{0, 0}}});
  CHECK(open_rapl_perf(tree.roots()).refused.message.find("lists no energy") != std::string::npos);
  tree.pmu("power", "0", 4'000'000);
  tree.event("power", "energy-pkg");
  if (perf_allowed()) CHECK(open_rapl_perf(tree.roots()).refused.code == Code::kNotSupported);
}

TEST("rapl perf: a process without descriptors to spare is told so") {
  const PerfTree tree;
  tree.topology({{{0, 0}}});
  tree.pmu("power", "0");
  tree.event("power", "energy-pkg");
  if (!perf_allowed()) return;
  rlimit before{};
  CHECK_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  FileDescriptor next = open_file("/dev/null");
  // Descriptors below the limit are taken; files that are read meanwhile need one.
  rlimit few = before;
  few.rlim_cur = static_cast<rlim_t>(next.get());
  next = FileDescriptor();
  CHECK_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
  FileDescriptor event;
  const int error = open_perf_event(1, 0, 0, -1, event);
  CHECK_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  CHECK_EQ(error, EMFILE);
  CHECK(perf_refusal(error, tree.roots()).message.find("files") != std::string::npos);
}

TEST("rapl perf: each refusal of the kernel has its reason, and a remedy where there is one") {
  const PerfTree tree;
  const auto says = [&tree](int error, const char* words) {
    return perf_refusal(error, tree.roots()).message.find(words) != std::string::npos;
  };
  CHECK(says(EACCES, "perf_event_paranoid is above 0"));
  tree.write("proc/sys/kernel/perf_event_paranoid", "2");
  CHECK(says(EACCES, "perf_event_paranoid is 2"));
  CHECK(perf_refusal(EACCES, tree.roots()).remedy.find("sysctl") != std::string::npos);
  tree.write("proc/sys/kernel/perf_event_paranoid", "-1");
  CHECK(says(EACCES, "security module"));
  CHECK(says(ENOSYS, "CONFIG_PERF_EVENTS"));
  tree.write("proc/self/status", "Name:\tnode\nSeccomp:\t2\nSeccomp_filters:\t1");
  CHECK(says(EPERM, "seccomp"));
  CHECK(says(ENOSYS, "seccomp"));
  CHECK(perf_refusal(EPERM, tree.roots()).code == Code::kPermissionDenied);
  CHECK(perf_refusal(EINVAL, tree.roots()).code == Code::kNotSupported);
  CHECK(perf_refusal(EMFILE, tree.roots()).code == Code::kIoFailure);
  CHECK(perf_refusal(ENOMEM, tree.roots()).code == Code::kIoFailure);
}

}  // namespace
