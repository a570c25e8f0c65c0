#pragma once

// The zones of /sys/class/powercap that RAPL registers there, or of its real place below /sys/devices/virtual/powercap.
#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "energy/sources.h"

namespace mj::energy {

struct PowercapZone {
  std::string id;      // 'intel-rapl:0:1'
  std::string parent;  // 'intel-rapl:0'; empty: a zone of its own
  std::string path;
  std::string name;  // 'package-0', 'package-0-die-1', 'core', 'uncore', 'dram', 'psys', 'psys-1'
};

struct PowercapTree {
  Status refused;                   // not ok: there is no zone, and why
  std::vector<PowercapZone> zones;  // by control type (MSR before MMIO) and number; parents before their children
};

PowercapTree read_powercap(const Roots& roots);

// A number in a file of the zone; false where it cannot be read.
bool zone_number(const PowercapZone& zone, const std::string& file, uint64_t& out);

}  // namespace mj::energy
