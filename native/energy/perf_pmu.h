#pragma once

// A perf PMU as /sys/bus/event_source/devices describes it, and the system call that counts its events.
#include <cstdint>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/status.h"
#include "energy/sources.h"

namespace mj::energy {

struct PerfEvent {
  std::string name;     // 'energy-pkg'
  uint64_t config = 0;  // perf_event_attr.config
  double scale = 0;     // units a count
  std::string unit;     // 'Joules'
  Status malformed;     // ok: the above can be relied on
};

struct PerfPmu {
  uint32_t type = 0;              // perf_event_attr.type
  std::vector<int> cpus;          // one for each instance of the PMU, as its cpumask lists them; empty: not told
  std::vector<PerfEvent> events;  // by config
};

// ENOENT: this machine has no such PMU. Else 0, or the errno of what could not be read.
int read_perf_pmu(const std::string& folder, PerfPmu& out);

// Counts an event of everything that runs on `cpu`. With a leader (-1: none) the event joins its group, and one read of
// the leader gives all of them: the number of events, then their counts. 0, or the errno.
int open_perf_event(uint32_t type, uint64_t config, int cpu, int leader, FileDescriptor& out);

// Why perf_event_open gave this errno here, and what mends it.
Status perf_refusal(int error, const Roots& roots);

}  // namespace mj::energy
