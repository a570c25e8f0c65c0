#pragma once

// Reads one counter as fast as is useful for a bounded time and stamps each of its steps.
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "energy/meter_data.h"
#include "energy/steps.h"

namespace mj::energy {

struct StepRecord {
  int64_t start = 0;
  int64_t end = 0;
  uint64_t reads = 0;
  uint64_t missed = 0;      // updates that came and went while the thread did not run: at most so many
  std::vector<Edge> steps;  // joules since the start
  std::vector<StepPower> powers;
  double read_p50_us = 0;
  double read_p99_us = 0;
  Fault fault = Fault::kNone;  // what ended the record before its time
};

// The longest record, ns: its memory is laid out before it begins.
constexpr int64_t kLongestRecordNs = 10 * kNsPerSecond;

// Whether the channel's counter can be recorded at all.
Status recordable(const MeterChannel& channel);

// Blocks for `duration_ns`, on a CPU of the counter's package, without sleeping: it belongs on a thread of its own.
// Ends early, with what was recorded, on a fault of the counter; with meter-closed once `stop` is set.
Status record_steps(const MeterChannel& channel, int64_t duration_ns, const std::atomic<bool>& stop, StepRecord& out);

}  // namespace mj::energy
