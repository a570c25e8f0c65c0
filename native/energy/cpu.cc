#include "energy/cpu.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <sstream>
#include <tuple>
#include <utility>

#include "base/file.h"

namespace mj::energy {

namespace {

// Far more than a kernel can be built for; a list beyond it is no CPU list.
constexpr int kMaxCpus = 1 << 16;

// A number in a file of its own; `fallback` where there is none.
int number_of(const std::string& path, int fallback) {
  std::string text;
  if (read_file(path, text) != 0) return fallback;
  char* end = nullptr;
  const long value = std::strtol(text.c_str(), &end, 10);
  return end == text.c_str() ? fallback : static_cast<int>(value);
}

std::string trimmed(const std::string& text) {
  const size_t first = text.find_first_not_of(" \t");
  return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(" \t") + 1 - first);
}

// Threads of one core share it. The number in core_id may come back within a package, so that the first of the siblings
// is taken where the kernel lists them.
int core_of(const std::string& topology, int id) {
  std::string text;
  if (read_file(topology + "thread_siblings_list", text) == 0) {
    const std::vector<int> siblings = parse_cpu_list(text);
    if (!siblings.empty()) return siblings.front();
  }
  return std::max(0, number_of(topology + "core_id", id));
}

bool has_word(const std::string& text, const std::string& word) {
  std::istringstream words(text);
  for (std::string one; words >> one;) {
    if (one == word) return true;
  }
  return false;
}

// The first block of cpuinfo: packages of different models in one machine do not exist.
void describe(const std::string& cpuinfo, Processor& out) {
  std::istringstream lines(cpuinfo);
  for (std::string line; std::getline(lines, line) && !line.empty();) {
    const size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const std::string key = trimmed(line.substr(0, colon));
    const std::string value = trimmed(line.substr(colon + 1));
    if (key == "vendor_id") out.vendor = value;
    if (key == "model name") out.name = value;
    if (key == "cpu family") out.family = std::atoi(value.c_str());
    if (key == "model") out.model = std::atoi(value.c_str());
    if (key == "stepping") out.stepping = std::atoi(value.c_str());
    if (key != "flags") continue;
    out.hypervisor = has_word(value, "hypervisor");
    out.sgx = has_word(value, "sgx");
  }
}

}  // namespace

std::vector<int> parse_cpu_list(const std::string& text) {
  std::vector<int> cpus;
  const char* at = text.c_str();
  while (*at != '\0') {
    char* end = nullptr;
    const long first = std::strtol(at, &end, 10);
    if (end == at) break;
    long last = first;
    if (*end == '-') {
      at = end + 1;
      last = std::strtol(at, &end, 10);
      if (end == at) break;
    }
    if (first < 0 || last >= kMaxCpus) break;
    for (long cpu = first; cpu <= last; ++cpu) cpus.push_back(static_cast<int>(cpu));
    if (*end != ',') break;
    at = end + 1;
  }
  std::sort(cpus.begin(), cpus.end());
  cpus.erase(std::unique(cpus.begin(), cpus.end()), cpus.end());
  return cpus;
}

std::vector<CpuGroup> cpu_groups(const Processor& processor, CpuLevel level) {
  std::map<std::tuple<int, int, int>, std::vector<int>> groups;
  for (const Cpu& cpu : processor.cpus) {
    const int die = level == CpuLevel::kPackage ? 0 : cpu.die;
    groups[{cpu.package, die, level == CpuLevel::kCore ? cpu.core : 0}].push_back(cpu.id);
  }
  std::vector<CpuGroup> result;
  result.reserve(groups.size());
  for (auto& [place, cpus] : groups) result.push_back({std::get<0>(place), std::get<1>(place), std::move(cpus)});
  return result;
}

Processor read_processor(const Roots& roots) {
  Processor processor;
  std::string text;
  if (read_file(roots.proc_root() + "/cpuinfo", text) == 0) describe(text, processor);
  const std::string folder = roots.sys_root() + "/devices/system/cpu";
  if (read_file(folder + "/online", text) != 0) return processor;
  for (const int id : parse_cpu_list(text)) {
    const std::string topology = folder + "/cpu" + std::to_string(id) + "/topology/";
    Cpu cpu;
    cpu.id = id;
    // Kernels write -1 or no file where the hardware has no such level.
    cpu.package = std::max(0, number_of(topology + "physical_package_id", 0));
    cpu.die = std::max(0, number_of(topology + "die_id", 0));
    cpu.core = core_of(topology, id);
    processor.cpus.push_back(cpu);
  }
  return processor;
}

}  // namespace mj::energy
