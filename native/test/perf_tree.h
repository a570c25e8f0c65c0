#pragma once

// A tree of /sys and /proc with a perf PMU 'power' that names the kernel's own cpu-clock (nanoseconds of a CPU): a
// counter of exactly 1 W a CPU, through the real system call.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "energy/perf_pmu.h"
#include "energy/sources.h"

namespace mj::test {

class PerfTree {
 public:
  PerfTree() {
    std::string folder = (std::filesystem::temp_directory_path() / "mj-perf-XXXXXX").string();
    if (mkdtemp(folder.data()) == nullptr) throw std::runtime_error("mkdtemp");
    root_ = folder;
    write("proc/cpuinfo", "vendor_id\t: GenuineIntel\n");
  }
  ~PerfTree() { std::filesystem::remove_all(root_); }
  PerfTree(const PerfTree&) = delete;
  PerfTree& operator=(const PerfTree&) = delete;

  void write(const std::string& path, const std::string& text) const {
    const std::filesystem::path file = root_ / path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text << '\n';
  }

  // The PMU, its instances on these CPUs; 1 is the type of the kernel's software events.
  void pmu(const std::string& name, const std::string& cpumask, int type = 1) const {
    write(folder(name) + "type", std::to_string(type));
    write(folder(name) + "cpumask", cpumask);
    std::filesystem::create_directories(root_ / (folder(name) + "events"));
  }
  void event(const std::string& pmu, const std::string& name, const std::string& config = "event=0x00",
             const std::string& unit = "Joules", const std::string& scale = "1e-9") const {
    const std::string path = folder(pmu) + "events/" + name;
    write(path, config);
    write(path + ".unit", unit);
    write(path + ".scale", scale);
  }

  // Packages as lists of {cpu, die}; CPUs that the machine lacks can be named and not be opened.
  struct Place {
    int cpu;
    int die;
  };
  void topology(const std::vector<std::vector<Place>>& packages) const {
    std::string online;
    for (size_t package = 0; package < packages.size(); ++package) {
      for (const Place& place : packages[package]) {
        const std::string cpu = std::to_string(place.cpu);
        const std::string folder = "sys/devices/system/cpu/cpu" + cpu + "/topology/";
        write(folder + "physical_package_id", std::to_string(package));
        write(folder + "die_id", std::to_string(place.die));
        write(folder + "core_id", cpu);
        online += (online.empty() ? "" : ",") + cpu;
      }
    }
    write("sys/devices/system/cpu/online", online);
  }

  [[nodiscard]] energy::Roots roots() const {
    energy::Roots roots;
    roots.sys = root_ / "sys";
    roots.proc = root_ / "proc";
    roots.msr = root_ / "dev/cpu";
    return roots;
  }

 private:
  static std::string folder(const std::string& pmu) { return "sys/bus/event_source/devices/" + pmu + "/"; }

  std::filesystem::path root_;
};

// Whether this process may count what all processes do on CPU 0.
inline bool perf_allowed() {
  FileDescriptor fd;
  return energy::open_perf_event(1, 0, 0, -1, fd) == 0;
}

}  // namespace mj::test
