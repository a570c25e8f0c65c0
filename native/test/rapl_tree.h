#pragma once

// Trees of /sys, /proc and /dev/cpu with RAPL in them, as real machines have them, and what makes their counters move.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "test/perf_tree.h"

namespace mj::test {

constexpr const char* kSkylakeX = "vendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 85\nflags\t\t: fpu msr";
constexpr const char* kKabyLake = "vendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 158\nflags\t\t: fpu msr";
constexpr const char* kHaswellX = "vendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 63\nflags\t\t: fpu msr";
constexpr const char* kSilvermont = "vendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 55\nflags\t\t: fpu msr";
constexpr const char* kSapphireRapids =
    "vendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 143\nflags\t\t: fpu msr";
constexpr const char* kZen4 = "vendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 17\nflags\t\t: fpu msr rapl";

// Of the registers' steps in nJ, as the kernel rounds them.
constexpr uint64_t kStep61Nj = 61035;
constexpr uint64_t kStep15Nj = 15258;
constexpr uint64_t kDramStepNj = 15300;

class RaplTree : public PerfTree {
 public:
  explicit RaplTree(const std::string& cpuinfo) {
    write("proc/cpuinfo", cpuinfo);
    std::filesystem::create_directories(roots().sys);
    chmod(path("").c_str(), 0755);
  }

  // A zone in its real place, and its symbolic link in the class folder; `range` of the register's 32 bits.
  void zone(const std::string& id, const std::string& name, uint64_t energy_uj, uint64_t step_nj = kStep61Nj) const {
    const std::string folder = place(id);
    write(folder + "/name", name);
    write(folder + "/max_energy_range_uj", std::to_string(range_uj(step_nj)));
    energy(id, energy_uj);
    const std::filesystem::path link = std::filesystem::path(roots().powercap_root()) / id;
    std::filesystem::create_directories(link.parent_path());
    if (!std::filesystem::exists(link)) std::filesystem::create_symlink("../../" + folder.substr(4), link);
  }
  void limits(const std::string& id, uint64_t rated_uw, uint64_t long_term_uw, uint64_t short_term_uw) const {
    write(place(id) + "/constraint_0_max_power_uw", std::to_string(rated_uw));
    write(place(id) + "/constraint_0_power_limit_uw", std::to_string(long_term_uw));
    write(place(id) + "/constraint_1_power_limit_uw", std::to_string(short_term_uw));
  }
  static uint64_t range_uj(uint64_t step_nj) { return step_nj * 0xFFFFFFFF / 1000; }

  // In one piece, so that no reader sees half a number.
  void energy(const std::string& id, uint64_t uj) const {
    std::array<char, 24> text;
    const int length = std::snprintf(text.data(), text.size(), "%020llu\n", static_cast<unsigned long long>(uj));
    put(path(place(id) + "/energy_uj"), 0, text.data(), static_cast<size_t>(length));
  }

  // A register of one CPU's device: a sparse file with 8 bytes a register, in which those not written read 0.
  void msr(int cpu, uint32_t address, uint64_t value) const {
    const std::string device = msr_path(cpu);
    std::filesystem::create_directories(std::filesystem::path(device).parent_path());
    put(device, static_cast<off_t>(address) * 8, &value, sizeof(value));
    constexpr off_t kBeyondAllRegisters = 8LL * 0xC0020000;
    if (std::filesystem::file_size(device) < kBeyondAllRegisters &&
        truncate(device.c_str(), kBeyondAllRegisters) != 0) {
      throw std::runtime_error("truncate");
    }
  }
  [[nodiscard]] std::string msr_path(int cpu) const { return path("dev/cpu/" + std::to_string(cpu) + "/msr"); }

  [[nodiscard]] std::string path(const std::string& relative) const { return roots().sys_root() + "/../" + relative; }
  // Where the zone of an id lies: 'intel-rapl:0:1' in 'intel-rapl/intel-rapl:0/intel-rapl:0:1'.
  static std::string place(const std::string& id) {
    std::string folder = "sys/devices/virtual/powercap/" + id.substr(0, id.find(':'));
    for (size_t colon = id.find(':'); colon != std::string::npos;) {
      colon = id.find(':', colon + 1);
      folder += "/" + id.substr(0, colon);
    }
    return folder;
  }

 private:
  static void put(const std::string& path, off_t at, const void* data, size_t size) {
    const FileDescriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
    if (pwrite(file.get(), data, size, at) != static_cast<ssize_t>(size)) throw std::runtime_error("write " + path);
  }
};

// Moves counters as hardware does: each millisecond, by what their power made of the time that has passed.
class Moving {
 public:
  // Gets the joules since the beginning; first before the constructor returns.
  using Set = std::function<void(double joules)>;
  struct Counter {
    double watts;
    Set set;
  };

  explicit Moving(std::vector<Counter> counters) : counters_(std::move(counters)), begin_(monotonic_ns()) {
    step();
    thread_ = std::thread([this] { run(); });
  }
  Moving(const Moving&) = delete;
  Moving& operator=(const Moving&) = delete;
  ~Moving() {
    stop_ = true;
    thread_.join();
  }

 private:
  void step() const {
    const double seconds = static_cast<double>(monotonic_ns() - begin_) / kNsPerSecond;
    for (const Counter& counter : counters_) counter.set(counter.watts * seconds);
  }
  void run() const {
    while (!stop_) {
      step();
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  const std::vector<Counter> counters_;
  const int64_t begin_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

// A zone from `start_uj` on, as the kernel makes it of a register of 32 bits.
inline Moving::Counter moving_zone(const RaplTree& tree, const std::string& id, uint64_t start_uj, double watts,
                                   uint64_t step_nj = kStep61Nj) {
  return {watts, [&tree, id, start_uj, step_nj](double joules) {
            const auto steps = static_cast<uint64_t>((static_cast<double>(start_uj) * 1e-6 + joules) * 1e9 /
                                                     static_cast<double>(step_nj));
            tree.energy(id, (steps & 0xFFFFFFFF) * step_nj / 1000);
          }};
}

// An energy register on all of these CPUs.
inline Moving::Counter moving_msr(const RaplTree& tree, std::vector<int> cpus, uint32_t address, uint64_t start,
                                  double watts, double unit_j) {
  return {watts, [&tree, cpus = std::move(cpus), address, start, unit_j](double joules) {
            const uint64_t value = (start + static_cast<uint64_t>(joules / unit_j)) & 0xFFFFFFFF;
            for (const int cpu : cpus) tree.msr(cpu, address, value);
          }};
}

// This process without root's power to read everything, for as long as this lives.
class Unprivileged {
 public:
  Unprivileged() : was_root_(geteuid() == 0) {
    if (was_root_ && seteuid(65534) != 0) throw std::runtime_error("seteuid");
  }
  Unprivileged(const Unprivileged&) = delete;
  Unprivileged& operator=(const Unprivileged&) = delete;
  ~Unprivileged() {
    if (was_root_ && seteuid(0) != 0) std::abort();
  }

 private:
  const bool was_root_;
};

}  // namespace mj::test
