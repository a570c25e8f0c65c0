#include "energy/perf_pmu.h"

#include <dirent.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <locale>
#include <memory>
#include <sstream>
#include <tuple>

#include "energy/cpu.h"

namespace mj::energy {

namespace {

// strtod() would read '2.3e-10' by the comma of the process' locale.
bool parse_number(const std::string& text, double& out) {
  std::istringstream stream(text);
  stream.imbue(std::locale::classic());
  return static_cast<bool>(stream >> out);
}

// 'event=0x02'. A PMU whose events need other terms is none that we know how to ask.
bool parse_config(const std::string& text, uint64_t& out) {
  static constexpr char kTerm[] = "event=";
  if (text.rfind(kTerm, 0) != 0) return false;
  const char* number = text.c_str() + sizeof(kTerm) - 1;
  char* end = nullptr;
  out = std::strtoull(number, &end, 0);
  return end != number && *end == '\0';
}

PerfEvent read_event(const std::string& folder, const std::string& name) {
  PerfEvent event;
  event.name = name;
  const std::string path = folder + "/" + name;
  std::string config;
  std::string scale;
  const bool complete = read_file(path, config) == 0 && parse_config(config, event.config) &&
                        read_file(path + ".unit", event.unit) == 0 && read_file(path + ".scale", scale) == 0 &&
                        parse_number(scale, event.scale) && event.scale > 0;
  if (!complete) {
    event.malformed = {Code::kNotSupported,
                       "The kernel describes the perf event " + name + " in a way that this version does not know."};
  }
  return event;
}

int list_events(const std::string& folder, std::vector<std::string>& out) {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(opendir(folder.c_str()), closedir);
  if (!directory) return errno;
  while (const dirent* entry = readdir(directory.get())) {
    const std::string name = entry->d_name;
    if (name.find('.') == std::string::npos) out.push_back(name);
  }
  return 0;
}

std::string paranoid_level(const Roots& roots) {
  std::string level;
  return read_file(roots.proc_root() + "/sys/kernel/perf_event_paranoid", level) == 0 ? level : "";
}

// 2: a filter decides which system calls this process may make.
bool under_seccomp(const Roots& roots) {
  std::string status;
  return read_file(roots.proc_root() + "/self/status", status) == 0 &&
         status.find("\nSeccomp:\t2") != std::string::npos;
}

Status forbidden(int error, const Roots& roots) {
  const std::string level = paranoid_level(roots);
  if (error == EPERM && under_seccomp(roots)) {
    return {Code::kPermissionDenied, "A seccomp filter, as containers have one, refuses perf_event_open.",
            "docker run --cap-add PERFMON …"};
  }
  double value = 0;
  if (parse_number(level, value) && value <= 0) {
    return {Code::kPermissionDenied,
            "The kernel refuses perf events although perf_event_paranoid is " + level +
                ": a security module (SELinux, AppArmor) forbids them.",
            "Allow perf_event_open to this process in the policy of the security module."};
  }
  return {Code::kPermissionDenied,
          "perf_event_paranoid is " + (level.empty() ? "above 0" : level) + " and this process lacks CAP_PERFMON.",
          "sudo sysctl -w kernel.perf_event_paranoid=0"};
}

}  // namespace

int read_perf_pmu(const std::string& folder, PerfPmu& out) {
  std::string text;
  if (const int error = read_file(folder + "/type", text); error != 0) return error;
  out.type = static_cast<uint32_t>(std::strtoul(text.c_str(), nullptr, 10));
  if (read_file(folder + "/cpumask", text) == 0) out.cpus = parse_cpu_list(text);
  std::vector<std::string> names;
  if (const int error = list_events(folder + "/events", names); error != 0) return error;
  for (const std::string& name : names) out.events.push_back(read_event(folder + "/events", name));
  std::sort(out.events.begin(), out.events.end(), [](const PerfEvent& a, const PerfEvent& b) {
    return std::tie(a.config, a.name) < std::tie(b.config, b.name);
  });
  return 0;
}

int open_perf_event(uint32_t type, uint64_t config, int cpu, int leader, FileDescriptor& out) {
  perf_event_attr attributes{};
  attributes.type = type;
  attributes.size = sizeof(attributes);
  attributes.config = config;
  attributes.read_format = PERF_FORMAT_GROUP;
  constexpr pid_t kEveryProcess = -1;
  const long fd = syscall(SYS_perf_event_open, &attributes, kEveryProcess, cpu, leader, PERF_FLAG_FD_CLOEXEC);
  if (fd < 0) return errno;
  out = FileDescriptor(static_cast<int>(fd));
  return 0;
}

Status perf_refusal(int error, const Roots& roots) {
  switch (error) {
    case EACCES:
    case EPERM:
      return forbidden(error, roots);
    case ENOSYS:
      if (under_seccomp(roots)) return forbidden(EPERM, roots);
      return {Code::kUnsupportedPlatform, "This kernel was built without perf events (CONFIG_PERF_EVENTS)."};
    case ENOENT:
    case ENODEV:
    case EINVAL:
    case EOPNOTSUPP:
      return {Code::kNotSupported,
              std::string("The kernel lists this perf event and does not count it: ") + std::strerror(error) + "."};
    case EMFILE:
    case ENFILE:
      return {Code::kIoFailure, "This process may open no more files, and a perf event is one.", "ulimit -n 65536"};
    default:
      return {Code::kIoFailure, std::string("perf_event_open failed: ") + std::strerror(error) + "."};
  }
}

}  // namespace mj::energy
