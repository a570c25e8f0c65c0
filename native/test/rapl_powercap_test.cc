#include <array>
#include <cmath>
#include <filesystem>

#include "energy/powercap.h"
#include "energy/rapl.h"
#include "test/check.h"
#include "test/rapl_tree.h"

namespace {

using namespace mj;
using namespace mj::energy;
using namespace mj::test;
namespace fs = std::filesystem;

constexpr uint64_t kStep1J = 1'000'000'000;

std::vector<uint64_t> read(const RaplGroup& group) {
  std::array<uint64_t, kMostRaplDomains> raws{};
  const ReadOutcome outcome = group.reads->read(raws.data());
  CHECK(!outcome.failed);
  return {raws.begin(), raws.begin() + static_cast<ptrdiff_t>(outcome.count)};
}

// 'package-0 package-0/core | package-1', the groups apart, in the order in which they are read.
std::string names(const RaplFound& found) {
  std::string text;
  for (const RaplGroup& group : found.groups) {
    if (!text.empty()) text += " |";
    for (const RaplDomain& domain : group.domains) text += (text.empty() ? "" : " ") + domain.name;
  }
  return text;
}

TEST("rapl powercap: client Intel with package, core, uncore, dram and psys") {
  const RaplTree tree(kKabyLake);
  tree.topology({{{0, 0}, {1, 0}}});
  tree.zone("intel-rapl:0", "package-0", 1000);
  tree.limits("intel-rapl:0", 15'000'000, 25'000'000, 44'000'000);
  tree.zone("intel-rapl:0:0", "core", 400);
  tree.zone("intel-rapl:0:1", "uncore", 30);
  tree.zone("intel-rapl:0:2", "dram", 500);
  tree.zone("intel-rapl:1", "psys", 7000);
  const RaplFound found = open_rapl_powercap(tree.roots());
  CHECK(found.refused.ok() && found.unreadable.empty());
  CHECK_EQ(names(found), "package-0 package-0/core package-0/uncore package-0/dram psys");
  CHECK(read(found.groups[0]) == (std::vector<uint64_t>{1000, 400, 30, 500, 7000}));
  CHECK_EQ(found.groups[0].cpus.size(), 2U);
  const std::vector<RaplDomain>& domains = found.groups[0].domains;
  CHECK(domains[4].scope == Scope::kPlatform);
  CHECK_EQ(domains[0].unit_j, 1e-6);
  // The register's step, and the wrap one step beyond its highest value.
  CHECK_NEAR(domains[0].quantum_j, 61.035e-6, 1e-9);
  CHECK_EQ(domains[0].modulus, RaplTree::range_uj(kStep61Nj) + 61);
  CHECK_EQ(domains[0].power_limit_w, 44);
  CHECK_EQ(domains[1].power_limit_w, 44);
  CHECK_EQ(domains[3].power_limit_w, 0);
}

TEST("rapl powercap: two sockets with memory, read as one group each") {
  const RaplTree tree(kHaswellX);
  tree.topology({{{0, 0}}, {{1, 0}}});
  tree.zone("intel-rapl:0", "package-1", 10);
  tree.zone("intel-rapl:0:0", "dram", 20, kDramStepNj);
  tree.zone("intel-rapl:1", "package-0", 30);
  tree.zone("intel-rapl:1:0", "dram", 40, kDramStepNj);
  const RaplFound found = open_rapl_powercap(tree.roots());
  CHECK_EQ(names(found), "package-0 package-0/dram | package-1 package-1/dram");
  CHECK(read(found.groups[0]) == (std::vector<uint64_t>{30, 40}));
  CHECK_NEAR(found.groups[0].domains[1].quantum_j, 15.3e-6, 1e-9);
  CHECK(found.groups[1].cpus == std::vector<int>{1});
}

TEST("rapl powercap: dies of Cascade Lake-AP, and more zones than fit one digit") {
  const RaplTree tree(kSkylakeX);
  tree.topology({{{0, 0}, {1, 1}}, {{2, 0}, {3, 1}}});
  tree.zone("intel-rapl:0", "package-0-die-0", 1);
  tree.zone("intel-rapl:1", "package-0-die-1", 2);
  tree.zone("intel-rapl:9", "package-1-die-0", 3);
  tree.zone("intel-rapl:a", "package-1-die-1", 4);
  const RaplFound found = open_rapl_powercap(tree.roots());
  CHECK_EQ(names(found), "package-0-die-0 | package-0-die-1 | package-1-die-0 | package-1-die-1");
  CHECK(found.groups[3].cpus == std::vector<int>{3});
  CHECK(read(found.groups[3]) == std::vector<uint64_t>{4});
}

TEST("rapl powercap: the zone of MMIO is the same counter; where it alone is there, it is read") {
  const RaplTree tree(kKabyLake);
  tree.topology({{{0, 0}}});
  tree.zone("intel-rapl-mmio:0", "package-0", 11);
  tree.zone("intel-rapl-mmio:0:0", "dram", 12);
  CHECK(read(open_rapl_powercap(tree.roots()).groups.at(0)) == (std::vector<uint64_t>{11, 12}));
  tree.zone("intel-rapl:0", "package-0", 21);
  const RaplFound both = open_rapl_powercap(tree.roots());
  CHECK(both.unreadable.empty());
  CHECK(read(both.groups.at(0)) == (std::vector<uint64_t>{21, 12}));
}

TEST("rapl powercap: AMD's zone 'core' counts one core only, and is left out with the reason") {
  const RaplTree tree(kZen4);
  tree.topology({{{0, 0}}});
  tree.zone("intel-rapl:0", "package-0", 5, kStep15Nj);
  tree.zone("intel-rapl:0:0", "core", 1, kStep15Nj);
  const RaplFound found = open_rapl_powercap(tree.roots());
  CHECK_EQ(names(found), "package-0");
  CHECK_EQ(found.unreadable.at(0).name, "package-0/core");
  CHECK(found.unreadable[0].unsupported.message.find("single core") != std::string::npos);
  CHECK(!found.unreadable[0].unsupported.remedy.empty());
}

TEST("rapl powercap: Sapphire Rapids on two sockets, with a platform counter each in joules") {
  const RaplTree tree(kSapphireRapids);
  tree.topology({{{0, 0}}, {{1, 0}}});
  tree.zone("intel-rapl:0", "package-0", 1);
  tree.zone("intel-rapl:0:0", "dram", 1);
  tree.zone("intel-rapl:1", "psys", 1'000'000, kStep1J);
  tree.zone("intel-rapl:2", "package-1", 2);
  tree.zone("intel-rapl:3", "psys-1", 2'000'000, kStep1J);
  const RaplFound found = open_rapl_powercap(tree.roots());
  CHECK_EQ(names(found), "package-0 package-0/dram psys | package-1 psys-1");
  CHECK_EQ(found.groups[0].domains[2].quantum_j, 1);
}

TEST("rapl powercap: a zone that the kernel scales by another step than the processor's is left out") {
  const RaplTree tree(kSapphireRapids);
  tree.topology({{{0, 0}}});
  tree.zone("intel-rapl:0", "package-0", 1);
  tree.zone("intel-rapl:0:0", "dram", 1, kDramStepNj);
  const RaplFound found = open_rapl_powercap(tree.roots());
  CHECK_EQ(names(found), "package-0");
  CHECK(found.unreadable.at(0).unsupported.code == Code::kNotSupported);
  CHECK(found.unreadable[0].unsupported.message.find("15.3 uJ") != std::string::npos);
}

TEST("rapl powercap: the tree mounted elsewhere, without the class folder's links") {
  const RaplTree tree(kSkylakeX);
  tree.topology({{{0, 0}}});
  tree.zone("intel-rapl:0", "package-0", 6);
  tree.zone("intel-rapl:0:0", "dram", 7, kDramStepNj);
  Roots roots = tree.roots();
  roots.powercap = tree.path("sys/devices/virtual/powercap");
  const RaplFound found = open_rapl_powercap(roots);
  CHECK_EQ(names(found), "package-0 package-0/dram");
  CHECK(read(found.groups[0]) == (std::vector<uint64_t>{6, 7}));
}

TEST("rapl powercap: a virtual machine without zones, a kernel without powercap") {
  const RaplTree tree(kSkylakeX);
  const RaplFound absent = open_rapl_powercap(tree.roots());
  CHECK(absent.refused.code == Code::kNotSupported);
  CHECK(absent.groups.empty() && absent.unreadable.empty());
  fs::create_directories(tree.roots().powercap_root());
  const RaplFound empty = open_rapl_powercap(tree.roots());
  CHECK(empty.refused.code == Code::kNotSupported);
  CHECK(empty.refused.message != absent.refused.message);
}

TEST("rapl powercap: a container's mask: links into a folder that is empty") {
  const RaplTree tree(kSkylakeX);
  tree.zone("intel-rapl:0", "package-0", 6);
  fs::remove_all(tree.path("sys/devices/virtual/powercap"));
  const RaplFound found = open_rapl_powercap(tree.roots());
  CHECK(found.refused.code == Code::kNotSupported);
  CHECK(found.refused.message.find("masked") != std::string::npos);
  CHECK(!found.refused.remedy.empty());
}

TEST("rapl powercap: counters that only root may read, or that fail, say so each") {
  const RaplTree tree(kHaswellX);
  tree.topology({{{0, 0}}});
  tree.zone("intel-rapl:0", "package-0", 6);
  tree.zone("intel-rapl:0:0", "dram", 7, kDramStepNj);
  // Its owner may read it always, unless nobody may.
  const std::string counter = tree.path(RaplTree::place("intel-rapl:0") + "/energy_uj");
  chmod(counter.c_str(), geteuid() == 0 ? 0400 : 0);
  {
    const Unprivileged nobody;
    const RaplFound found = open_rapl_powercap(tree.roots());
    CHECK_EQ(names(found), geteuid() != 0 ? "package-0/dram" : "package-0 package-0/dram");
    if (!found.unreadable.empty()) {
      CHECK(found.unreadable[0].unsupported.code == Code::kPermissionDenied);
      CHECK(!found.unreadable[0].unsupported.remedy.empty());
    }
  }
  chmod(counter.c_str(), 0600);
  tree.write(RaplTree::place("intel-rapl:0") + "/energy_uj", "");
  const RaplFound broken = open_rapl_powercap(tree.roots());
  CHECK_EQ(names(broken), "package-0/dram");
  CHECK(broken.unreadable.at(0).unsupported.code == Code::kIoFailure);
}

TEST("rapl powercap: a kept descriptor outlives a change of permissions, and a vanished counter is a failed read") {
  const RaplTree tree(kSkylakeX);
  tree.topology({{{0, 0}}});
  tree.zone("intel-rapl:0", "package-0", 6);
  const RaplFound found = open_rapl_powercap(tree.roots());
  const std::string counter = tree.path(RaplTree::place("intel-rapl:0") + "/energy_uj");
  tree.energy("intel-rapl:0", 9);
  chmod(counter.c_str(), 0);
  {
    const Unprivileged nobody;
    CHECK(read(found.groups.at(0)) == std::vector<uint64_t>{9});
  }
  chmod(counter.c_str(), 0600);
  fs::resize_file(counter, 0);
  std::array<uint64_t, kMostRaplDomains> raws{};
  CHECK(found.groups[0].reads->read(raws.data()).failed);
}

TEST("rapl powercap: limits and steps can be told where the counters may not be read") {
  const RaplTree tree(kSkylakeX);
  tree.zone("intel-rapl:0", "package-0", 6);
  tree.limits("intel-rapl:0", 0, 165'000'000, 198'000'000);
  fs::remove(tree.path(RaplTree::place("intel-rapl:0") + "/energy_uj"));
  const std::vector<RaplDomain> domains = describe_powercap(tree.roots());
  CHECK_EQ(domains.at(0).power_limit_w, 198);
  CHECK_NEAR(domains[0].quantum_j, 61.035e-6, 1e-9);
}

}  // namespace
