#pragma once

#include <cstdint>

#include "energy/samples.h"

namespace mj::energy {

// Turns raw reads of one cumulative counter into edges and faults. Pure: the reads bring their own times.
class CounterTracker {
 public:
  struct Rules {
    double unit_j = 1;
    uint64_t modulus = 0;        // counts at which it wraps; 0: never
    double max_power_w = 0;      // 0: unknown
    int64_t stuck_after_ns = 0;  // unchanged for this long while it is watched: a fault
  };

  struct Outcome {
    bool changed = false;
    bool has_edge = false;
    Edge edge{};
    FaultEvent fault{0, Fault::kNone};
  };

  explicit CounterTracker(const Rules& rules) : rules_(rules) {}

  Outcome observe(int64_t t_before, int64_t t_after, uint64_t raw) noexcept;
  // Nobody looks for a while: standing still is no fault until the next read.
  void pause() noexcept { watched_ = false; }

 private:
  double advance(int64_t t_after, uint64_t raw, Fault& fault) const noexcept;

  const Rules rules_;
  bool started_ = false;
  bool watched_ = false;
  uint64_t raw_ = 0;
  double joules_ = 0;
  bool has_origin_ = false;
  int64_t last_before_ = 0;      // start of the last read, which gave `raw_`
  int64_t unchanged_since_ = 0;  // or since the last report of standing still
};

}  // namespace mj::energy
