#pragma once

// The one table of counters. A further family of counters is a file that defines its `open_…` and a line in sources.cc.
#include <memory>
#include <string>
#include <vector>

#include "energy/conditions.h"
#include "energy/source.h"

namespace mj::energy {

// Where counters are looked for. Empty: the system's own place.
struct Roots {
  std::string nvml;
  std::string powercap;
  std::string perf;
  std::string msr;
};

struct OpenRequest {
  Roots roots;
  std::vector<std::string> devices;  // UUIDs, PCI bus ids or NVML indices; empty: all
};

struct DeviceInfo {
  std::string id;  // 'board-0'
  int index = 0;
  std::string name;
  std::string uuid;
  std::string pci_bus_id;
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
