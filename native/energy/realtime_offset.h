#pragma once

#include <cstdint>

namespace mj::energy {

// One look at both clocks at once: CLOCK_REALTIME - CLOCK_MONOTONIC, known to +- half of `width_ns`.
struct ClockPair {
  int64_t at = 0;  // CLOCK_MONOTONIC
  int64_t offset_ns = 0;
  int64_t width_ns = 0;
};

// Reads the clocks a few times and keeps the tightest pair.
ClockPair read_clock_pair() noexcept;

// Whether the wall clock was set between two pairs: it moved further than a disciplined clock can slew.
bool clock_stepped(const ClockPair& before, const ClockPair& after) noexcept;

}  // namespace mj::energy
