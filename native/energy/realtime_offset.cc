#include "energy/realtime_offset.h"

#include <cstdlib>

#include "base/clock.h"

namespace mj::energy {

ClockPair read_clock_pair() noexcept {
  constexpr int kTries = 5;
  constexpr int64_t kTightNs = 2 * kNsPerUs;
  ClockPair best;
  for (int i = 0; i < kTries; ++i) {
    const int64_t before = monotonic_ns();
    const int64_t wall = clock_ns(CLOCK_REALTIME);
    const int64_t after = monotonic_ns();
    if (i == 0 || after - before < best.width_ns) {
      const int64_t middle = before + (after - before) / 2;
      best = {middle, wall - middle, after - before};
    }
    if (best.width_ns <= kTightNs) break;
  }
  return best;
}

bool clock_stepped(const ClockPair& before, const ClockPair& after) noexcept {
  // adjtimex slews by at most 500 ppm; the floor covers the width of the pairs.
  constexpr double kSlew = 500e-6;
  constexpr int64_t kFloorNs = kNsPerMs;
  const double allowed = kSlew * static_cast<double>(after.at - before.at) +
                         static_cast<double>(kFloorNs + before.width_ns + after.width_ns);
  return static_cast<double>(std::llabs(after.offset_ns - before.offset_ns)) > allowed;
}

}  // namespace mj::energy
