#include <array>
#include <atomic>
#include <cmath>
#include <filesystem>
#include <thread>

#include "energy/rapl.h"
#include "test/check.h"
#include "test/rapl_tree.h"

namespace {

using namespace mj;
using namespace mj::energy;
using namespace mj::test;

constexpr uint64_t kUnits14 = 0xA0E03;  // 1/8 W, 2^-14 J
constexpr uint64_t kUnitsAmd = 0xA1003;
constexpr uint32_t kUnit = 0x606;
constexpr uint32_t kPackageEnergy = 0x611;
constexpr uint32_t kDramEnergy = 0x619;
constexpr uint32_t kCoreEnergy = 0x639;
constexpr uint32_t kUncoreEnergy = 0x641;
constexpr uint32_t kPlatformEnergy = 0x64D;
constexpr uint32_t kAmdUnit = 0xC0010299;
constexpr uint32_t kAmdCore = 0xC001029A;
constexpr uint32_t kAmdPackage = 0xC001029B;

// One register of all CPUs of a package.
void set(const RaplTree& tree, std::initializer_list<int> cpus, uint32_t address, uint64_t value) {
  for (const int cpu : cpus) tree.msr(cpu, address, value);
}

std::vector<uint64_t> read(const RaplGroup& group) {
  std::array<uint64_t, kMostRaplDomains> raws{};
  const ReadOutcome outcome = group.reads->read(raws.data());
  CHECK(!outcome.failed);
  return {raws.begin(), raws.begin() + static_cast<ptrdiff_t>(outcome.count)};
}

// 'package 0x611, dram 0x619'
std::string names(const std::vector<RaplDomain>& domains) {
  std::string text;
  for (const RaplDomain& domain : domains) {
    text += (text.empty() ? "" : ", ") + std::string(scope_prefix(domain.scope)) + " " + domain.name;
  }
  return text;
}

TEST("rapl msr: Haswell-X on two sockets; memory in its own unit; only 32 bits count") {
  const RaplTree tree(kHaswellX);
  tree.topology({{{0, 0}, {1, 0}}, {{2, 0}, {3, 0}}});
  set(tree, {0, 1, 2, 3}, kUnit, kUnits14);
  set(tree, {0, 1, 2, 3}, 0x610, 1160 | 1392ULL << 32);
  set(tree, {0, 1, 2, 3}, 0x614, 1160);
  set(tree, {0, 1}, kPackageEnergy, 0xABCD'0000'0010);
  set(tree, {2, 3}, kPackageEnergy, 0x20);
  set(tree, {0, 1}, kDramEnergy, 0x30);
  set(tree, {2, 3}, kDramEnergy, 0x40);
  const RaplFound found = open_rapl_msr(tree.roots());
  CHECK(found.refused.ok());
  CHECK(found.unreadable.empty());
  CHECK_EQ(found.groups.size(), 2U);
  CHECK_EQ(names(found.groups[0].domains), "package 0x611, dram 0x619");
  CHECK_EQ(found.groups[1].package, 1);
  CHECK_EQ(found.groups[1].cpus.size(), 2U);
  const RaplDomain& package = found.groups[0].domains[0];
  const RaplDomain& dram = found.groups[0].domains[1];
  CHECK_EQ(package.unit_j, std::ldexp(1, -14));
  CHECK_EQ(dram.unit_j, std::ldexp(1, -16));
  CHECK_EQ(package.modulus, 1ULL << 32);
  CHECK_EQ(package.power_limit_w, 174);
  CHECK_EQ(dram.power_limit_w, 0);
  CHECK(read(found.groups[0]) == (std::vector<uint64_t>{0x10, 0x30}));
  CHECK(read(found.groups[1]) == (std::vector<uint64_t>{0x20, 0x40}));
}

TEST("rapl msr: Skylake client with all five domains") {
  const RaplTree tree(kKabyLake);
  tree.topology({{{0, 0}}});
  tree.msr(0, kUnit, kUnits14);
  for (const uint32_t address : {kPackageEnergy, kCoreEnergy, kUncoreEnergy, kDramEnergy, kPlatformEnergy}) {
    tree.msr(0, address, address);
  }
  const RaplFound found = open_rapl_msr(tree.roots());
  CHECK_EQ(found.groups.size(), 1U);
  CHECK_EQ(names(found.groups[0].domains), "package 0x611, core 0x639, uncore 0x641, dram 0x619, platform 0x64D");
  for (const RaplDomain& domain : found.groups[0].domains) CHECK_EQ(domain.unit_j, std::ldexp(1, -14));
  CHECK(read(found.groups[0])[4] == kPlatformEnergy);
}

TEST("rapl msr: Silvermont counts microjoules, Sapphire Rapids its platform in joules") {
  const RaplTree atom(kSilvermont);
  atom.topology({{{0, 0}}});
  atom.msr(0, kUnit, 0x505);
  atom.msr(0, kPackageEnergy, 1);
  const RaplFound small = open_rapl_msr(atom.roots());
  CHECK_NEAR(small.groups.at(0).domains.at(0).unit_j, 32e-6, 1e-12);

  const RaplTree server(kSapphireRapids);
  server.topology({{{0, 0}}});
  server.msr(0, kUnit, kUnits14);
  server.msr(0, kPackageEnergy, 1);
  server.msr(0, kDramEnergy, 1);
  server.msr(0, kPlatformEnergy, 1);
  const RaplFound large = open_rapl_msr(server.roots());
  CHECK_EQ(names(large.groups.at(0).domains), "package 0x611, dram 0x619, platform 0x64D");
  CHECK_EQ(large.groups[0].domains[1].unit_j, std::ldexp(1, -14));
  CHECK_EQ(large.groups[0].domains[2].unit_j, 1);
}

TEST("rapl msr: AMD's cores are summed apart from their package, each core once") {
  const RaplTree tree(kZen4);
  tree.topology({{{0, 0}, {1, 1}, {2, 0}, {3, 1}}});
  // Two cores of two threads each, on two dies that share the package's counter.
  for (const int cpu : {0, 1, 2, 3}) {
    tree.write("sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/core_id", std::to_string(cpu % 2));
  }
  set(tree, {0, 1, 2, 3}, kAmdUnit, kUnitsAmd);
  set(tree, {0, 1, 2, 3}, kAmdPackage, 1000);
  set(tree, {0, 2}, kAmdCore, 100);
  set(tree, {1, 3}, kAmdCore, 0xFFFFFFFF);
  const RaplFound found = open_rapl_msr(tree.roots());
  CHECK_EQ(found.groups.size(), 2U);
  CHECK_EQ(names(found.groups[0].domains), "package 0xC001029B");
  CHECK_EQ(names(found.groups[1].domains), "core 0xC001029A");
  CHECK_EQ(found.groups[1].calls, 2U);
  CHECK_EQ(found.groups[1].domains[0].unit_j, std::ldexp(1, -16));
  CHECK(read(found.groups[0]) == std::vector<uint64_t>{1000});
  CHECK(read(found.groups[1]) == std::vector<uint64_t>{99});
  // One core's counter wraps: the sum goes on, modulo 2^32.
  set(tree, {1, 3}, kAmdCore, 4);
  CHECK(read(found.groups[1]) == std::vector<uint64_t>{104});
}

TEST("rapl msr: Cascade Lake-AP counts by die") {
  const RaplTree tree(kSkylakeX);
  tree.topology({{{0, 0}, {1, 1}}, {{2, 0}, {3, 1}}});
  for (const int cpu : {0, 1, 2, 3}) {
    tree.msr(cpu, kUnit, kUnits14);
    tree.msr(cpu, kPackageEnergy, 100 + static_cast<uint64_t>(cpu));
  }
  const RaplFound found = open_rapl_msr(tree.roots());
  CHECK_EQ(found.groups.size(), 4U);
  CHECK_EQ(found.groups[3].package, 1);
  CHECK_EQ(found.groups[3].domains[0].die, 1);
  CHECK(read(found.groups[3]) == std::vector<uint64_t>{103});
}

TEST("rapl msr: of a model in no table the package is read, and memory of unknown unit is left out") {
  const RaplTree tree("vendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 254");
  tree.topology({{{0, 0}}});
  tree.msr(0, kUnit, kUnits14);
  tree.msr(0, kPackageEnergy, 5);
  tree.msr(0, kDramEnergy, 5);
  const RaplFound found = open_rapl_msr(tree.roots());
  CHECK_EQ(names(found.groups.at(0).domains), "package 0x611 (GenuineIntel family 6 model 254 is in no table)");
  CHECK_EQ(found.unreadable.size(), 1U);
  CHECK(found.unreadable[0].scope == Scope::kDram);
  CHECK(found.unreadable[0].unsupported.code == Code::kNotSupported);
  CHECK(!found.unreadable[0].unsupported.remedy.empty());
}

TEST("rapl msr: another CPU of the package takes over when one goes away, and none left is a failure") {
  const RaplTree tree(kSkylakeX);
  tree.topology({{{0, 0}, {1, 0}, {2, 0}}});
  for (const int cpu : {0, 1, 2}) {
    tree.msr(cpu, kUnit, kUnits14);
    tree.msr(cpu, kPackageEnergy, 100 + static_cast<uint64_t>(cpu));
  }
  const RaplFound found = open_rapl_msr(tree.roots());
  const RaplGroup& group = found.groups.at(0);
  CHECK(read(group) == std::vector<uint64_t>{100});
  std::filesystem::resize_file(tree.msr_path(0), 0);
  std::filesystem::remove_all(tree.path("dev/cpu/1"));
  CHECK(read(group) == std::vector<uint64_t>{102});
  tree.msr(0, kPackageEnergy, 200);  // back online: the one that answered is kept
  CHECK(read(group) == std::vector<uint64_t>{102});
  std::filesystem::resize_file(tree.msr_path(2), 0);
  CHECK(read(group) == std::vector<uint64_t>{200});
  std::filesystem::resize_file(tree.msr_path(0), 0);
  std::array<uint64_t, kMostRaplDomains> raws{};
  CHECK(group.reads->read(raws.data()).failed);
}

TEST("rapl msr: any thread may read at any time, and none notices that a CPU went away") {
  const RaplTree tree(kSkylakeX);
  tree.topology({{{0, 0}, {1, 0}, {2, 0}}});
  for (const int cpu : {0, 1, 2}) {
    tree.msr(cpu, kUnit, kUnits14);
    tree.msr(cpu, kPackageEnergy, 100);
  }
  const RaplFound found = open_rapl_msr(tree.roots());
  const RaplReads& reads = *found.groups.at(0).reads;
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      while (!stop) {
        std::array<uint64_t, kMostRaplDomains> raws{};
        if (reads.read(raws.data()).failed || raws[0] != 100) ++wrong;
      }
    });
  }
  std::filesystem::resize_file(tree.msr_path(0), 0);
  std::filesystem::resize_file(tree.msr_path(1), 0);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  stop = true;
  for (std::thread& thread : threads) thread.join();
  CHECK_EQ(wrong.load(), 0);
}

TEST("rapl msr: msr-safe's device stands in where the kernel's may not be opened") {
  const RaplTree tree(kSkylakeX);
  tree.topology({{{0, 0}}});
  tree.msr(0, kUnit, kUnits14);
  tree.msr(0, kPackageEnergy, 7);
  std::filesystem::rename(tree.msr_path(0), tree.msr_path(0) + "_safe");
  CHECK(read(open_rapl_msr(tree.roots()).groups.at(0)) == std::vector<uint64_t>{7});
}

TEST("rapl msr: what keeps it from being read is named") {
  const RaplTree tree(kSkylakeX);
  CHECK(open_rapl_msr(tree.roots()).refused.code == Code::kNotSupported);  // no CPUs
  tree.topology({{{0, 0}}, {{1, 0}}});
  const RaplFound absent = open_rapl_msr(tree.roots());
  CHECK(absent.refused.code == Code::kNotSupported);
  CHECK_EQ(absent.refused.remedy, "sudo modprobe msr");
  CHECK_EQ(absent.unreadable.size(), 2U);

  tree.msr(0, kUnit, 0);
  tree.msr(0, kPackageEnergy, 5);
  const RaplFound hypervisor = open_rapl_msr(tree.roots());
  CHECK(hypervisor.refused.code == Code::kNotSupported);
  CHECK(hypervisor.refused.message.find("0x606") != std::string::npos);

  tree.msr(0, kUnit, kUnits14);
  tree.msr(0, kPackageEnergy, 0);
  CHECK(open_rapl_msr(tree.roots()).refused.message.find("reads 0") != std::string::npos);

  tree.msr(0, kPackageEnergy, 5);
  chmod(tree.msr_path(0).c_str(), 0);
  const Unprivileged nobody;
  const RaplFound denied = open_rapl_msr(tree.roots());
  CHECK(denied.refused.code == Code::kPermissionDenied);
  CHECK(!denied.refused.remedy.empty());
}

TEST("rapl msr: filtered values are known by the enabled SGX, or by bit 0 of MSR 0xBC") {
  const RaplTree tree(kKabyLake);
  tree.topology({{{0, 0}}});
  const auto filtered = [&] { return rapl_filtered(read_processor(tree.roots()), tree.roots()); };
  CHECK(!filtered());
  tree.msr(0, 0xBC, 2);
  CHECK(!filtered());
  tree.msr(0, 0xBC, 1);
  CHECK(filtered());
  std::filesystem::remove_all(tree.roots().msr);
  CHECK(!filtered());
  tree.write("proc/cpuinfo", std::string(kKabyLake) + " sgx");
  CHECK(filtered());
}

}  // namespace
