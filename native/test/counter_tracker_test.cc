#include "energy/counter_tracker.h"

#include <cmath>
#include <functional>
#include <vector>

#include "base/clock.h"
#include "test/check.h"

namespace {

using namespace mj;
using namespace mj::energy;

constexpr int64_t kMs = kNsPerMs;

// A board's counter of millijoules, read around its updates.
CounterRules rules(uint64_t modulus = 0) { return {1e-3, modulus, 1400, 300 * kMs}; }

// A RAPL register of 32 bits, refreshed each millisecond and read each ten.
ChannelInfo rapl_channel(Scope scope, double unit_j, double limit_w) {
  ChannelInfo channel;
  channel.scope = scope;
  channel.unit = unit_j;
  channel.modulus = 1ULL << 32U;
  channel.traits.period_ns = kMs;
  channel.traits.quantum_j = unit_j;
  channel.traits.max_power_w = 2 * limit_w;
  return channel;
}
CounterRules rapl_rules(Scope scope, double unit_j, double limit_w) {
  return counter_rules(rapl_channel(scope, unit_j, limit_w), 10 * kMs);
}
constexpr double kUnit = 0x1p-16;  // 15.3 uJ

// What the register shows at an instant: the energy at its last refresh in whole units.
uint64_t shown(const std::function<double(double)>& joules, double unit_j, int64_t t, uint64_t start = 0) {
  const int64_t refreshes = t / kMs;
  const double refreshed = static_cast<double>(refreshes) * 1e-3;
  return (start + static_cast<uint64_t>(joules(refreshed) / unit_j)) % (1ULL << 32U);
}

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

TEST("counter tracker: a restart near zero is a reset, a step back from far a step back, one far up a jump") {
  CounterTracker tracker(rules());
  tracker.observe(0, 1 * kMs, 5'000'000);
  tracker.observe(100 * kMs, 101 * kMs, 5'007'000);
  const auto reset = tracker.observe(200 * kMs, 201 * kMs, 4'000);
  CHECK(reset.fault.fault == Fault::kReset);
  CHECK_EQ(reset.fault.at, 201 * kMs);
  CHECK_EQ(reset.edge.joules, 0.0);
  const auto jump = tracker.observe(300 * kMs, 301 * kMs, 5'000'000);
  CHECK(jump.fault.fault == Fault::kJump);
  const auto back = tracker.observe(400 * kMs, 401 * kMs, 4'990'000);
  CHECK(back.fault.fault == Fault::kBackwards);
  // It goes on from where it was: energy never falls.
  CHECK_NEAR(tracker.observe(500 * kMs, 501 * kMs, 4'997'000).edge.joules, 7.0, 1e-9);
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

TEST("counter tracker: after a gap of any length a register's energy is exact, or its wrap ambiguous") {
  constexpr double kWatts = 200;
  constexpr double kLimit = 200;
  const double wraps_every = 0x1p32 * kUnit / kWatts;
  int resolved_wraps = 0;
  int ambiguous = 0;
  for (int gap_ms = 10; gap_ms < 2'000'000; gap_ms += 1'237) {
    const auto joules = [](double t) { return kWatts * t; };
    for (const uint64_t start : {0ULL, 0xffff'0000ULL}) {
      CounterTracker tracker(rapl_rules(Scope::kPackage, kUnit, kLimit));
      tracker.observe(0, 1000, shown(joules, kUnit, 0, start));
      const int64_t t = gap_ms * kMs;
      const auto outcome = tracker.observe(t, t + 1000, shown(joules, kUnit, t, start));
      if (outcome.fault.fault == Fault::kAmbiguousWrap) {
        ++ambiguous;
        CHECK_EQ(outcome.edge.joules, 0.0);
        // Twice the limit could have filled the register once more.
        CHECK(gap_ms * 1e-3 > 0.5 * wraps_every);
        continue;
      }
      CHECK(outcome.fault.fault == Fault::kNone);
      CHECK_NEAR(outcome.edge.joules, kWatts * gap_ms * 1e-3, 2 * kUnit);
      if (start != 0) ++resolved_wraps;
    }
  }
  CHECK(resolved_wraps > 100);
  CHECK(ambiguous > 1'000);
}

TEST(
    "counter tracker: a highest power beyond twice the limit counts for wraps, and where no limit is known one is "
    "assumed") {
  const auto gap = [](double limit_w, double watts, double seconds) {
    const auto joules = [watts](double t) { return watts * t; };
    CounterTracker tracker(rapl_rules(Scope::kPackage, kUnit, limit_w));
    int64_t t = 0;
    for (; t < 1'000 * kMs; t += 10 * kMs) tracker.observe(t, t + 1000, shown(joules, kUnit, t));
    t += static_cast<int64_t>(seconds * 1e9);
    return tracker.observe(t, t + 1000, shown(joules, kUnit, t));
  };
  // A laptop of 15 W at 64 W: 76.8 W x 1000 s is more than the register holds, 30 W x 1000 s would not have been.
  CHECK(gap(15, 64, 1'000).fault.fault == Fault::kNone);
  CHECK(gap(15, 10, 3'000).fault.fault == Fault::kNone);
  CHECK(gap(15, 10, 3'400).fault.fault == Fault::kAmbiguousWrap);
  CHECK(gap(15, 64, 1'400).fault.fault == Fault::kAmbiguousWrap);
  // 2 kW are assumed for a package: 65.5 kJ fit into 32 s.
  CHECK(gap(0, 100, 30).fault.fault == Fault::kNone);
  CHECK(gap(0, 100, 40).fault.fault == Fault::kAmbiguousWrap);
}

TEST("counter tracker: a power above the limit is no jump; more than any package takes is one") {
  const auto joules = [](double t) { return t < 0.5 ? 15 * t : 7.5 + 80 * (t - 0.5); };
  CounterTracker tracker(rapl_rules(Scope::kPackage, kUnit, 15));
  CounterTracker::Outcome outcome;
  int64_t t = 0;
  for (; t < 1'000 * kMs; t += 10 * kMs) {
    outcome = tracker.observe(t, t + 1000, shown(joules, kUnit, t));
    CHECK(outcome.fault.fault == Fault::kNone);
  }
  CHECK_NEAR(tracker.peak_w(), 80, 4);
  const auto jumped = tracker.observe(t, t + 1000, shown(joules, kUnit, t) + 4'000'000);  // 61 J in 10 ms
  CHECK(jumped.fault.fault == Fault::kJump);
  CHECK_EQ(jumped.edge.joules, outcome.edge.joules);
  CHECK_NEAR(tracker.peak_w(), 80, 4);
}

TEST("counter tracker: a register that is refreshed all the time gives an edge a read, as wide as its refresh") {
  const auto joules = [](double t) { return 50 * t; };
  CounterTracker tracker(rapl_rules(Scope::kPackage, kUnit, 100));
  for (int64_t t = 500'000; t < 200 * kMs; t += 10 * kMs) {
    const auto outcome = tracker.observe(t, t + 2'000, shown(joules, kUnit, t));
    CHECK(outcome.has_edge);
    CHECK_EQ(outcome.edge.hi, t + 2'000);
    CHECK_EQ(outcome.edge.lo, t - kMs);
    CHECK_NEAR(outcome.edge.joules, joules(static_cast<double>(t - 500'000) * 1e-9), 2 * kUnit);
  }
  // Read as often as it moves, the read before bounds it too.
  int64_t before = 200 * kMs - 10 * kMs + 500'000;
  for (int64_t t = 200 * kMs; t < 220 * kMs; t += 400'000) {
    const auto outcome = tracker.observe(t, t + 2'000, shown(joules, kUnit, t));
    if (outcome.has_edge) CHECK(outcome.edge.lo >= before && outcome.edge.lo >= t - kMs);
    before = t;
  }
}

TEST("counter tracker: steps of 1 J are neither missed updates nor stuck, and what is known is never old") {
  for (const double watts : {20.0, 300.0}) {
    for (const int64_t period : {1 * kMs, 10 * kMs}) {
      const auto joules = [watts](double t) { return watts * t; };
      CounterTracker tracker(rapl_rules(Scope::kPlatform, 1, 400));
      int64_t newest = 0;
      double last = 0;
      for (int64_t t = 0; t < 5'000 * kMs; t += period) {
        const auto outcome = tracker.observe(t, t + 1'000, shown(joules, 1, t));
        CHECK(outcome.fault.fault == Fault::kNone);
        const Edge& known = outcome.has_edge ? outcome.edge : outcome.hold;
        if (outcome.has_edge || outcome.has_hold) {
          newest = known.lo;
          last = known.joules;
        }
        CHECK(t - newest <= 2 * std::max(period, kMs));
        CHECK_NEAR(last, watts * static_cast<double>(t) * 1e-9, 1 + watts * 2e-3);
      }
    }
  }
}

TEST("counter tracker: a package that stops is stuck once even an idle one would have moved; idle cores never are") {
  for (const Scope scope : {Scope::kPackage, Scope::kCore}) {
    CounterTracker tracker(rapl_rules(scope, 0x1p-14, 100));
    int stuck = 0;
    int holds_after = 0;
    for (int64_t t = 0; t < 1'000 * kMs; t += 10 * kMs) {
      const auto outcome =
          tracker.observe(t, t + 1'000, t < 500 * kMs ? static_cast<uint64_t>(t / kMs) * 500 : 245'000);
      if (outcome.fault.fault == Fault::kStuck) ++stuck;
      if (stuck > 0 && outcome.has_hold) ++holds_after;
      if (t <= 500 * kMs) CHECK_EQ(stuck, 0);
    }
    CHECK_EQ(stuck > 0, scope == Scope::kPackage);
    CHECK_EQ(holds_after, 0);
  }
}

TEST("counter tracker: work after a standstill is told apart from it") {
  CounterTracker tracker(rapl_rules(Scope::kUncore, kUnit, 50));
  const auto joules = [](double t) { return t < 0.995 ? 0 : 30 * (t - 0.995); };
  CounterTracker::Outcome outcome;
  for (int64_t t = 0; t <= 990 * kMs; t += 10 * kMs) {
    outcome = tracker.observe(t, t + 1'000, shown(joules, kUnit, t));
    CHECK_EQ(outcome.has_hold, t > 0);
    CHECK_EQ(outcome.has_edge, t == 0);
  }
  outcome = tracker.observe(1'000 * kMs, 1'000 * kMs + 1'000, shown(joules, kUnit, 1'000 * kMs));
  CHECK(outcome.has_edge && outcome.has_hold);
  CHECK_EQ(outcome.hold.hi, 990 * kMs + 1'000);
  CHECK_EQ(outcome.hold.joules, 0.0);
  CHECK_NEAR(outcome.edge.joules, 0.15, 2 * kUnit);
  // The next follows at once, and needs none.
  CHECK(!tracker.observe(1'010 * kMs, 1'010 * kMs + 1'000, shown(joules, kUnit, 1'010 * kMs)).has_hold);
}

}  // namespace
