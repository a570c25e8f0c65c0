#include "energy/rapl.h"

#include <cmath>
#include <filesystem>

#include "test/check.h"
#include "test/rapl_tree.h"

namespace {

using namespace mj;
using namespace mj::energy;
using namespace mj::test;

constexpr uint64_t kUnits14 = 0xA0E03;
constexpr uint32_t kUnit = 0x606;
constexpr uint32_t kPackageEnergy = 0x611;
const double kStep14J = std::ldexp(1, -14);

OpenedFamily open(const RaplTree& tree, const std::string& interface = "") {
  OpenRequest request;
  request.roots = tree.roots();
  request.rapl_interface = interface;
  return open_rapl(request);
}

// 'package-0 powercap:package-0, …' of all sources.
std::string readable(const OpenedFamily& family) {
  std::string text;
  for (const auto& source : family.sources) {
    for (const ChannelInfo& channel : source->channels()) {
      text += (text.empty() ? "" : ", ") + channel.id + " " + channel.method;
    }
  }
  return text;
}

const ChannelInfo& left_out(const OpenedFamily& family, const std::string& id) {
  for (const ChannelInfo& channel : family.unsupported) {
    if (channel.id == id) return channel;
  }
  throw std::runtime_error(id + " is not left out");
}

bool says(const ChannelInfo& channel, const std::string& words) {
  return channel.unsupported.message.find(words) != std::string::npos;
}

TEST("rapl: powercap on a client: one source a package, one read for all its domains, in joules") {
  const RaplTree tree(kKabyLake);
  tree.topology({{{0, 0}, {1, 0}}});
  tree.zone("intel-rapl:0", "package-0", 0);
  tree.limits("intel-rapl:0", 65'000'000, 65'000'000, 80'000'000);
  tree.zone("intel-rapl:0:0", "core", 0);
  tree.zone("intel-rapl:1", "psys", 0);
  const Moving moving({moving_zone(tree, "intel-rapl:0", 5'000'000, 20),
                       moving_zone(tree, "intel-rapl:0:0", 1'000'000, 8), moving_zone(tree, "intel-rapl:1", 0, 40)});
  const OpenedFamily family = open(tree);
  CHECK(family.unsupported.empty());
  CHECK_EQ(readable(family), "package-0 powercap:package-0, core-0 powercap:package-0/core, platform-0 powercap:psys");
  CHECK_EQ(family.sources.size(), 1U);
  Source& source = *family.sources[0];
  CHECK_EQ(source.name(), "rapl0");
  CHECK(source.cadence() == Cadence::kPeriodic && source.immediate() && !source.slow());
  CHECK(source.window_period_ns() > 0 && source.window_period_ns() < source.period_ns());
  CHECK(source.cpus() == (std::vector<int>{0, 1}));
  const ChannelInfo& package = source.channels()[0];
  CHECK_EQ(package.unit, 1e-6);
  CHECK_NEAR(package.traits.quantum_j, 61.035e-6, 1e-9);
  CHECK_EQ(package.traits.max_power_w, 160);
  CHECK_EQ(package.traits.filter_ns, 0);
  CHECK(package.key != source.channels()[1].key);

  std::array<RawReading, 3> first{};
  std::array<RawReading, 3> last{};
  CHECK_EQ(source.read(first.data()).count, 3U);
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  CHECK_EQ(source.read(last.data()).count, 3U);
  for (const auto& [channel, watts] : {std::pair(0, 20.0), std::pair(1, 8.0), std::pair(2, 40.0)}) {
    CHECK_EQ(last[channel].channel, static_cast<uint32_t>(channel));
    const double seconds = static_cast<double>(last[channel].t_after - first[channel].t_before) / kNsPerSecond;
    const double joules = static_cast<double>(last[channel].raw - first[channel].raw) * 1e-6;
    CHECK(joules > 0 && joules <= watts * (seconds + 0.1));
  }
}

TEST("rapl: registers come before powercap, unless one of the two is asked for") {
  const RaplTree tree(kSkylakeX);
  tree.topology({{{0, 0}}});
  tree.zone("intel-rapl:0", "package-0", 0);
  tree.limits("intel-rapl:0", 165'000'000, 165'000'000, 198'000'000);
  tree.msr(0, kUnit, kUnits14);
  const Moving moving(
      {moving_zone(tree, "intel-rapl:0", 0, 50), moving_msr(tree, {0}, kPackageEnergy, 7, 50, kStep14J)});
  const OpenedFamily any = open(tree);
  CHECK_EQ(readable(any), "package-0 msr:0x611");
  // The register of limits reads 0 here: the tree's limit stands in.
  CHECK_EQ(any.sources[0]->channels()[0].traits.max_power_w, 396);
  CHECK_EQ(any.sources[0]->channels()[0].traits.quantum_j, kStep14J);
  CHECK_EQ(readable(open(tree, "msr")), "package-0 msr:0x611");
  const OpenedFamily chosen = open(tree, "powercap");
  CHECK_EQ(readable(chosen), "package-0 powercap:package-0");
  CHECK_EQ(chosen.sources[0]->channels()[0].key, any.sources[0]->channels()[0].key);
  CHECK(!open(tree, "perf").unsupported.empty());
  CHECK(open(tree, "telepathy").refused.code == Code::kInvalidArgument);
}

TEST("rapl: packages and dies are numbered in their order, and each has a source of its own") {
  const RaplTree tree(kSkylakeX);
  tree.topology({{{0, 0}, {1, 1}}, {{2, 0}, {3, 1}}});
  std::vector<Moving::Counter> counters;
  const std::array<const char*, 4> zones = {"package-1-die-1", "package-1-die-0", "package-0-die-1", "package-0-die-0"};
  for (size_t i = 0; i < zones.size(); ++i) {
    const std::string id = "intel-rapl:" + std::to_string(i);
    tree.zone(id, zones[i], i);
    counters.push_back(moving_zone(tree, id, 1'000'000 * i, 30 + static_cast<double>(i)));
  }
  const Moving moving(std::move(counters));
  const OpenedFamily family = open(tree);
  CHECK_EQ(readable(family),
           "package-0 powercap:package-0-die-0, package-1 powercap:package-0-die-1, "
           "package-2 powercap:package-1-die-0, package-3 powercap:package-1-die-1");
  CHECK_EQ(family.sources.size(), 4U);
  CHECK_EQ(family.sources[2]->name(), "rapl2");
  CHECK(family.sources[2]->cpus() == std::vector<int>{2});
}

TEST("rapl: a counter that exists and never moves is left out, and the others are read") {
  const RaplTree tree(kKabyLake);
  tree.topology({{{0, 0}}});
  tree.zone("intel-rapl:0", "package-0", 0);
  tree.zone("intel-rapl:0:0", "uncore", 12345);
  const Moving moving({moving_zone(tree, "intel-rapl:0", 0, 20)});
  const OpenedFamily family = open(tree);
  CHECK_EQ(readable(family), "package-0 powercap:package-0");
  const ChannelInfo& uncore = left_out(family, "uncore-0");
  CHECK(uncore.unsupported.code == Code::kNotSupported);
  CHECK(says(uncore, "It exists and has not moved in "));
  CHECK_EQ(uncore.method, "powercap:package-0/uncore");
  std::array<RawReading, 1> reading{};
  CHECK_EQ(family.sources[0]->read(reading.data()).count, 1U);
}

TEST("rapl: a platform that steps once in 50 ms by a joule is no still counter") {
  const RaplTree tree(kSapphireRapids);
  tree.topology({{{0, 0}}});
  tree.msr(0, kUnit, kUnits14);
  const Moving moving({moving_msr(tree, {0}, kPackageEnergy, 1, 15, kStep14J), moving_msr(tree, {0}, 0x64D, 1, 20, 1)});
  const OpenedFamily family = open(tree);
  CHECK_EQ(readable(family), "package-0 msr:0x611, platform-0 msr:0x64D");
  CHECK_EQ(family.sources[0]->channels()[1].traits.quantum_j, 1);
}

TEST("rapl: an interface whose package stands still gives way to the next") {
  const RaplTree tree(kSkylakeX);
  tree.topology({{{0, 0}}});
  tree.msr(0, kUnit, kUnits14);
  tree.msr(0, kPackageEnergy, 5);
  tree.zone("intel-rapl:0", "package-0", 0);
  {
    const Moving moving({moving_zone(tree, "intel-rapl:0", 0, 20)});
    CHECK_EQ(readable(open(tree)), "package-0 powercap:package-0");
  }
  const OpenedFamily still = open(tree, "msr");
  CHECK(still.sources.empty());
  CHECK_EQ(still.unsupported.size(), 1U);
  CHECK(says(left_out(still, "package-0"), "msr:0x611: It exists and has not moved in "));
}

TEST("rapl: one counter on several dies, as kernels 6.9 to 6.11 list AMD's, is counted once") {
  const RaplTree tree(kZen4);
  tree.topology({{{0, 0}, {1, 1}}, {{2, 0}, {3, 1}}});
  const auto zone = [](int i) { return "intel-rapl:" + std::to_string(i); };
  for (int i = 0; i < 4; ++i) {
    tree.zone(zone(i), "package-" + std::to_string(i / 2) + "-die-" + std::to_string(i % 2), 0, kStep15Nj);
    if (i % 2 == 0) continue;
    // One register: the second die's file is the first one's.
    const std::string counter = tree.path(RaplTree::place(zone(i)) + "/energy_uj");
    std::filesystem::remove(counter);
    std::filesystem::create_symlink(tree.path(RaplTree::place(zone(i - 1)) + "/energy_uj"), counter);
  }
  const Moving moving(
      {moving_zone(tree, zone(0), 5'000'000, 90, kStep15Nj), moving_zone(tree, zone(2), 8'000'000, 90, kStep15Nj)});
  const OpenedFamily family = open(tree);
  CHECK_EQ(readable(family), "package-0 powercap:package-0-die-0, package-2 powercap:package-1-die-0");
  for (const char* id : {"package-1", "package-3"}) {
    CHECK(says(left_out(family, id), "It is the same counter as package-"));
  }
}

TEST("rapl: counters that run backwards or jump are found and named") {
  const RaplTree tree(kKabyLake);
  tree.topology({{{0, 0}}});
  for (const char* name : {"core", "uncore", "dram"}) {
    tree.zone("intel-rapl:0", "package-0", 0);
    tree.zone(std::string("intel-rapl:0:") + (name[0] == 'c' ? "0" : name[0] == 'u' ? "1" : "2"), name, 0);
  }
  const auto backwards = [&](double joules) {
    tree.energy("intel-rapl:0:0", 9'000'000'000 - static_cast<uint64_t>(joules * 1e6));
  };
  const auto jumping = [&](double joules) { tree.energy("intel-rapl:0:1", static_cast<uint64_t>(joules * 1e12)); };
  // Wraps, which is no fault.
  const Moving moving({moving_zone(tree, "intel-rapl:0", 0, 20),
                       {20, backwards},
                       {1, jumping},
                       moving_zone(tree, "intel-rapl:0:2", RaplTree::range_uj(kStep61Nj) - 100, 10)});
  const OpenedFamily family = open(tree);
  CHECK_EQ(readable(family), "package-0 powercap:package-0, dram-0 powercap:package-0/dram");
  CHECK(says(left_out(family, "core-0"), "It moved backwards, by "));
  CHECK(says(left_out(family, "uncore-0"), "It jumped by "));
}

TEST("rapl: what cannot be read is left out beside what can") {
  const RaplTree tree(kSapphireRapids);
  tree.topology({{{0, 0}}});
  tree.zone("intel-rapl:0", "package-0", 0);
  tree.zone("intel-rapl:0:0", "dram", 0, kDramStepNj);
  const Moving moving({moving_zone(tree, "intel-rapl:0", 0, 20), moving_zone(tree, "intel-rapl:0:0", 0, 20)});
  const OpenedFamily family = open(tree);
  CHECK_EQ(readable(family), "package-0 powercap:package-0");
  CHECK(!left_out(family, "dram-0").unsupported.remedy.empty());
}

TEST("rapl: with SGX enabled the traits say that values are filtered") {
  const RaplTree tree(std::string(kKabyLake) + " sgx");
  tree.topology({{{0, 0}}});
  tree.zone("intel-rapl:0", "package-0", 0);
  const Moving moving({moving_zone(tree, "intel-rapl:0", 0, 20)});
  CHECK(open(tree).sources.at(0)->channels().at(0).traits.filter_ns > 0);
}

TEST("rapl: where nothing can be read, one channel says why") {
  const RaplTree tree(kSkylakeX);
  tree.topology({{{0, 0}}});
  const OpenedFamily nothing = open(tree);
  CHECK(nothing.refused.ok() && nothing.sources.empty());
  CHECK_EQ(nothing.unsupported.size(), 1U);
  CHECK(!left_out(nothing, "package-0").unsupported.message.empty());

  // Permission missing says more than what is not there.
  tree.zone("intel-rapl:0", "package-0", 0);
  chmod(tree.path(RaplTree::place("intel-rapl:0") + "/energy_uj").c_str(), 0);
  const Unprivileged nobody;
  CHECK(left_out(open(tree), "package-0").unsupported.code == Code::kPermissionDenied);
}

}  // namespace
