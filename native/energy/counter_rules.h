#pragma once

// What the difference of two readings of one cumulative counter means: so much energy, or a fault.
#include <cstdint>

#include "energy/samples.h"
#include "energy/source.h"

namespace mj::energy {

struct CounterRules {
  double unit_j = 1;
  uint64_t modulus = 0;        // counts at which it wraps; 0: never
  double max_power_w = 0;      // larger of twice the limit and 1.2 x the highest power seen; 0: unknown
  int64_t stuck_after_ns = 0;  // unchanged for this long while it is watched: a fault; 0: never
  // The register is refreshed at least so often, whether or not its value changes, so that each read tells the energy
  // at some instant in [t_before - refresh_ns, t_after]. 0: it is read more often than that, and only changes tell.
  int64_t refresh_ns = 0;
  double quantum_j = 0;          // smallest step
  double impossible_w = 10'000;  // more than anything of this scope takes: P_max where no limit is known
  int64_t peak_over_ns = 0;      // the highest power is learned from means over at least this long; 0: not at all
};

// Of a counter that is read every `read_period_ns` by its source.
CounterRules counter_rules(const ChannelInfo& channel, int64_t read_period_ns) noexcept;

// The last that is known of a counter: it had this value at some instant not before `since`.
struct CounterPoint {
  uint64_t raw = 0;
  uint64_t counts = 0;  // since the first edge: no rounding ever adds up, and equal readings are equal energies
  int64_t since = 0;
};

struct CounterGrowth {
  uint64_t counts = 0;  // 0 with a fault
  Fault fault = Fault::kNone;
};

// From `from` to the value `raw` of a read that ended at `t_after`. `peak_w`: the highest power seen so far.
// A register that wraps every M gives the candidates d, d + M, d + 2 M, …: the one that P_max allows in the time that
// has passed is the energy; where it allows several, none is taken.
CounterGrowth counter_growth(const CounterRules& rules, double peak_w, const CounterPoint& from, uint64_t raw,
                             int64_t t_after) noexcept;

}  // namespace mj::energy
