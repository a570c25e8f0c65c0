#include "energy/counter_tracker.h"

#include "base/clock.h"
#include "test/check.h"

namespace {

using namespace mj;
using namespace mj::energy;

constexpr int64_t kMs = kNsPerMs;

CounterTracker::Rules rules(uint64_t modulus = 0) { return {1e-3, modulus, 1400, 300 * kMs}; }

TEST("counter tracker: energy counts from the first update that was seen, in brackets of the reads around it") {
  CounterTracker tracker(rules());
  CHECK(!tracker.observe(0, 3 * kMs, 5'000).has_edge);
  CHECK(!tracker.observe(50 * kMs, 53 * kMs, 5'000).changed);
  const auto first = tracker.observe(60 * kMs, 63 * kMs, 12'000);
  CHECK(first.has_edge);
  CHECK_EQ(first.edge.lo, 50 * kMs);
  CHECK_EQ(first.edge.hi, 63 * kMs);
  CHECK_EQ(first.edge.joules, 0.0);
  tracker.observe(150 * kMs, 153 * kMs, 12'000);
  const auto second = tracker.observe(160 * kMs, 163 * kMs, 19'500);
  CHECK_NEAR(second.edge.joules, 7.5, 1e-9);
  CHECK(second.fault.fault == Fault::kNone);
}

TEST("counter tracker: a register that wraps goes on counting") {
  CounterTracker tracker(rules(1ULL << 32));
  tracker.observe(0, 1 * kMs, 4'294'960'000);
  tracker.observe(100 * kMs, 101 * kMs, 4'294'965'000);
  const auto wrapped = tracker.observe(200 * kMs, 201 * kMs, 2'704);
  CHECK(wrapped.fault.fault == Fault::kNone);
  CHECK_NEAR(wrapped.edge.joules, 5.0, 1e-9);
}

TEST("counter tracker: a wrap that would need an impossible power is a reset") {
  CounterTracker tracker(rules(1ULL << 32));
  tracker.observe(0, 1 * kMs, 1'000'000);
  tracker.observe(100 * kMs, 101 * kMs, 1'005'000);
  CHECK(tracker.observe(200 * kMs, 201 * kMs, 3'000).fault.fault == Fault::kReset);
}

TEST("counter tracker: a restart near zero is a reset, a step back from far a step back") {
  CounterTracker tracker(rules());
  tracker.observe(0, 1 * kMs, 5'000'000);
  tracker.observe(100 * kMs, 101 * kMs, 5'007'000);
  const auto reset = tracker.observe(200 * kMs, 201 * kMs, 4'000);
  CHECK(reset.fault.fault == Fault::kReset);
  CHECK_EQ(reset.fault.at, 201 * kMs);
  CHECK_EQ(reset.edge.joules, 0.0);
  tracker.observe(300 * kMs, 301 * kMs, 5'000'000);
  const auto back = tracker.observe(400 * kMs, 401 * kMs, 4'990'000);
  CHECK(back.fault.fault == Fault::kBackwards);
  // It goes on from where it was: energy never falls.
  CHECK_NEAR(tracker.observe(500 * kMs, 501 * kMs, 4'997'000).edge.joules, 4996.0 + 7.0, 1e-9);
}

TEST("counter tracker: standing still while watched is a fault, again and again; unwatched it is not") {
  CounterTracker tracker(rules());
  int stuck = 0;
  for (int64_t t = 0; t <= 1'300; t += 50) {
    if (tracker.observe(t * kMs, (t + 3) * kMs, 42).fault.fault == Fault::kStuck) ++stuck;
  }
  CHECK_EQ(stuck, 3);
  tracker.pause();
  CHECK(tracker.observe(60'000 * kMs, 60'003 * kMs, 42).fault.fault == Fault::kNone);
  CHECK(tracker.observe(60'100 * kMs, 60'103 * kMs, 42).fault.fault == Fault::kNone);
  // What came during the pause is an edge as wide as the pause.
  const auto edge = tracker.observe(60'200 * kMs, 60'203 * kMs, 99).edge;
  CHECK_EQ(edge.lo, 60'100 * kMs);
}

}  // namespace
