#pragma once

// The one table of counters. A further family of counters is a file that defines its `open_…` and a line in sources.cc.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "energy/conditions.h"
#include "energy/source.h"

namespace mj::energy {

// Where counters are looked for. Empty: the system's own place.
struct Roots {
  std::string nvml;
  std::string powercap;  // <sys>/class/powercap
  std::string perf;      // <sys>/bus/event_source/devices
  std::string msr;       // /dev/cpu
  std::string sys;       // /sys
  std::string proc;      // /proc

  [[nodiscard]] std::string sys_root() const { return sys.empty() ? "/sys" : sys; }
  [[nodiscard]] std::string proc_root() const { return proc.empty() ? "/proc" : proc; }
  [[nodiscard]] std::string powercap_root() const {
    return powercap.empty() ? sys_root() + "/class/powercap" : powercap;
  }
  [[nodiscard]] std::string perf_root() const { return perf.empty() ? sys_root() + "/bus/event_source/devices" : perf; }
  [[nodiscard]] std::string msr_root() const { return msr.empty() ? "/dev/cpu" : msr; }
};

struct OpenRequest {
  Roots roots;
  std::vector<std::string> devices;  // UUIDs, PCI bus ids or NVML indices; empty: all
  std::string rapl_interface;        // 'perf', 'msr' or 'powercap'; empty: the first of these that can be read
  bool children_are_ours = false;    // work of processes that this one has started is no other work
};

struct DeviceInfo {
  std::string id;  // 'board-0'
  int index = 0;
  std::string name;
  std::string uuid;
  std::string pci_bus_id;
  std::optional<bool> mig;  // nothing: not told
};

// What one family found here.
struct OpenedFamily {
  Status refused;  // the request itself is wrong: nothing is opened
  std::vector<std::unique_ptr<Source>> sources;
  std::vector<ChannelInfo> unsupported;  // channels that are known and cannot be read
  std::vector<DeviceInfo> devices;
  std::vector<std::unique_ptr<ConditionsSource>> conditions;
  std::string driver;
  bool simulated = false;
};

struct SourceFamily {
  const char* name;  // of TypeScript's SourceName
  OpenedFamily (*open)(const OpenRequest&);
};

Span<SourceFamily> source_families() noexcept;

OpenedFamily open_nvml(const OpenRequest& request);
OpenedFamily open_rapl(const OpenRequest& request);

}  // namespace mj::energy
