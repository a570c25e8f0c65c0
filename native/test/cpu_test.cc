#include "energy/cpu.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "test/check.h"

namespace {

using namespace mj::energy;
namespace fs = std::filesystem;

std::string show(const std::vector<int>& list) {
  std::string text;
  for (const int one : list) text += (text.empty() ? "" : " ") + std::to_string(one);
  return text;
}

void write(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path) << text;
}

TEST("cpu: lists as the kernel writes them, and what is none") {
  CHECK_EQ(show(parse_cpu_list("0-3,8")), "0 1 2 3 8");
  CHECK_EQ(show(parse_cpu_list("7\n")), "7");
  CHECK_EQ(show(parse_cpu_list("2,0-2")), "0 1 2");
  CHECK_EQ(show(parse_cpu_list("")), "");
  CHECK_EQ(show(parse_cpu_list("none")), "");
  CHECK_EQ(show(parse_cpu_list("3,")), "3");
  CHECK_EQ(show(parse_cpu_list("5-")), "");
  CHECK_EQ(show(parse_cpu_list("-4")), "");
  CHECK_EQ(show(parse_cpu_list("0-4294967295")), "");
}

TEST("cpu: threads of one core are those that the kernel calls siblings, whatever number the core has") {
  std::string folder = (fs::temp_directory_path() / "mj-cpu-XXXXXX").string();
  CHECK(mkdtemp(folder.data()) != nullptr);
  Roots roots;
  roots.sys = folder + "/sys";
  roots.proc = folder + "/proc";
  const fs::path cpus = fs::path(roots.sys) / "devices/system/cpu";
  write(cpus / "online", "0-4\n");
  // Two core complexes that both count their cores from 0, as some firmware has it; CPU 4 tells no siblings.
  for (const int cpu : {0, 1, 2, 3}) {
    const fs::path topology = cpus / ("cpu" + std::to_string(cpu)) / "topology";
    write(topology / "core_id", "0\n");
    write(topology / "thread_siblings_list", cpu % 2 == 0 ? "0,2\n" : "1,3\n");
  }
  write(cpus / "cpu4/topology/core_id", "7\n");
  const auto cores = cpu_groups(read_processor(roots), CpuLevel::kCore);
  CHECK_EQ(cores.size(), 3U);
  CHECK(cores[0].cpus == (std::vector<int>{0, 2}));
  CHECK(cores[1].cpus == (std::vector<int>{1, 3}));
  CHECK(cores[2].cpus == std::vector<int>{4});
  fs::remove_all(folder);
}

TEST("cpu: the processor of a tree, of an empty one, and of this machine") {
  std::string folder = (fs::temp_directory_path() / "mj-cpu-XXXXXX").string();
  CHECK(mkdtemp(folder.data()) != nullptr);
  Roots roots;
  roots.sys = folder + "/sys";
  roots.proc = folder + "/proc";
  const Processor nothing = read_processor(roots);
  CHECK(nothing.vendor.empty() && nothing.cpus.empty());

  write(fs::path(roots.proc) / "cpuinfo",
        "processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 85\n"
        "model name\t: Intel(R) Xeon(R) Platinum 9242 CPU\nstepping\t: 7\nflags\t\t: fpu sgx_lc hypervisor\n\n"
        "processor\t: 1\nvendor_id\t: Another\n");
  const fs::path cpus = fs::path(roots.sys) / "devices/system/cpu";
  write(cpus / "online", "0-1,3\n");
  write(cpus / "cpu1/topology/physical_package_id", "1\n");
  write(cpus / "cpu1/topology/die_id", "2\n");
  write(cpus / "cpu1/topology/core_id", "5\n");
  write(cpus / "cpu3/topology/die_id", "-1\n");
  const Processor found = read_processor(roots);
  CHECK_EQ(found.vendor, "GenuineIntel");
  CHECK_EQ(found.name, "Intel(R) Xeon(R) Platinum 9242 CPU");
  CHECK_EQ(found.family, 6);
  CHECK_EQ(found.model, 85);
  CHECK_EQ(found.stepping, 7);
  CHECK(found.hypervisor);
  CHECK(!found.sgx);
  CHECK_EQ(found.cpus.size(), 3U);
  CHECK_EQ(found.cpus[1].package, 1);
  CHECK_EQ(found.cpus[1].die, 2);
  CHECK_EQ(found.cpus[1].core, 5);
  CHECK_EQ(found.cpus[2].id, 3);
  CHECK_EQ(found.cpus[2].die, 0);
  fs::remove_all(folder);

  CHECK(!read_processor({}).cpus.empty());
}

}  // namespace
