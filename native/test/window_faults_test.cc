#include "test/check.h"
#include "test/window_fixture.h"

namespace {

using namespace mj::energy;
using namespace mj::test;

// 118 W, 600 W from 2.0 to 3.0 s.
const Profile& burst() {
  static const auto* profile = new Profile(burst_profile(2000, 3000, 118, 600));
  return *profile;
}

Series with_fault(double at_ms, Fault fault) {
  Series series = exact_series(burst(), 5000, 100, 1);
  series.faults.push_back({ms(at_ms), fault});
  return series;
}

constexpr Window kWindow{2'000'000'000, 3'000'000'000, 1'000'000'000, 1'000'000'000};

TEST("faults: each one inside the window makes it suspect, with its name and with bounds") {
  const std::pair<Fault, Cause> pairs[] = {{Fault::kReset, Cause::kCounterReset},
                                           {Fault::kBackwards, Cause::kCounterBackwards},
                                           {Fault::kStuck, Cause::kCounterStuck},
                                           {Fault::kLost, Cause::kDeviceLost},
                                           {Fault::kHistoryLost, Cause::kHistoryLost}};
  for (const auto& [fault, cause] : pairs) {
    const Estimate result = with_fault(2550, fault).estimate(kWindow);
    CHECK(result.window.status == EstimateStatus::kSuspect);
    CHECK(result.window.cause == cause);
    CHECK(contains(result.window, 600));
    CHECK(result.window.uncertainty < 0.5 * 1400 * 0.35);  // one interval of ten, and the cut ones
    CHECK(result.caused.cause == cause);
    CHECK(contains(result.caused, 482));
  }
}

TEST("faults: the counter may say anything across a reset") {
  for (const double jump : {-1e6, -300.0, 0.0, 300.0}) {
    for (const double at : {2550.0, 2500.0, 2501.0}) {  // between edges, and in the bracket of one
      for (const bool old : {false, true}) {            // which may still show the old total, or the new one
        Series series = with_fault(at, Fault::kReset);
        for (Edge& edge : series.edges) {
          if ((old ? edge.lo : edge.hi) >= ms(at)) edge.joules += jump;
        }
        const Estimate result = series.estimate(kWindow);
        CHECK(contains(result.window, 600));
        CHECK(contains(result.caused, 482));
      }
    }
  }
}

TEST("faults: wherever in the window it lies") {
  for (int at = 2050; at < 3000; at += 100) {
    const Estimate result = with_fault(at, Fault::kReset).estimate(kWindow);
    CHECK(result.window.cause == Cause::kCounterReset);
    CHECK(contains(result.window, 600));
    CHECK(result.caused.cause == Cause::kCounterReset);
    CHECK(contains(result.caused, 482));
  }
}

TEST("faults: without a limit of power nothing bounds the energy across one") {
  Series series = with_fault(2550, Fault::kReset);
  series.traits.max_power_w = 0;
  const Figure figure = series.estimate(kWindow).window;
  CHECK(figure.status == EstimateStatus::kSuspect);
  CHECK(std::isnan(figure.value));
}

TEST("faults: those elsewhere are no concern of this window") {
  for (const double at : {500.0, 4500.0}) {
    const Estimate result = with_fault(at, Fault::kReset).estimate(kWindow);
    CHECK(result.window.status == EstimateStatus::kOk);
    CHECK(result.caused.status == EstimateStatus::kOk);
  }
}

TEST("faults: one in the quiet time leaves the other side, and is told") {
  const Estimate result = with_fault(1450, Fault::kReset).estimate(kWindow);
  CHECK(result.window.status == EstimateStatus::kOk);
  CHECK(result.caused.status == EstimateStatus::kSuspect);
  CHECK(result.caused.cause == Cause::kCounterReset);
  CHECK(contains(result.caused, 482));
  CHECK(std::isnan(result.idle_before.watts));
  CHECK_NEAR(result.idle_after.watts, 118, 1e-6);
}

TEST("faults: a clock step makes the figure suspect and leaves its value") {
  const Estimate clean = with_fault(2550, Fault::kNone).estimate(kWindow);
  const Estimate stepped = with_fault(2550, Fault::kClockStep).estimate(kWindow);
  CHECK(clean.window.status == EstimateStatus::kOk);
  CHECK(stepped.window.cause == Cause::kClockStep);
  CHECK_EQ(stepped.window.value, clean.window.value);
  CHECK_EQ(stepped.caused.uncertainty, clean.caused.uncertainty);
  Series both = with_fault(2250, Fault::kReset);
  const double reset_only = both.estimate(kWindow).window.uncertainty;
  both.faults.push_back({ms(2650), Fault::kClockStep});
  CHECK_EQ(both.estimate(kWindow).window.uncertainty, reset_only);
}

TEST("faults: a clock step does not hide a reset after it") {
  Series series = with_fault(2150, Fault::kClockStep);
  series.faults.push_back({ms(2550), Fault::kReset});
  for (Edge& edge : series.edges) {
    if (edge.hi >= ms(2550)) edge.joules += 40;
  }
  const Estimate result = series.estimate(kWindow);
  CHECK(result.window.cause == Cause::kCounterReset);
  CHECK(contains(result.window, 600));
  CHECK(result.caused.cause == Cause::kCounterReset);
  CHECK(contains(result.caused, 482));
}

TEST("faults: a device lost for good says so, and not that an update is due") {
  Series series = with_fault(2410, Fault::kLost);
  while (series.edges.back().hi > ms(2410)) series.edges.pop_back();
  const Estimate result = series.estimate(kWindow);
  CHECK(result.window.cause == Cause::kDeviceLost);
  CHECK(contains(result.window, 600));
  CHECK(result.caused.cause == Cause::kDeviceLost);
  CHECK(contains(result.caused, 482));
}

TEST("faults: several in one window, each voids its own interval") {
  Series series = with_fault(2250, Fault::kReset);
  series.faults.push_back({ms(2750), Fault::kStuck});
  for (Edge& edge : series.edges) {
    if (edge.lo > ms(2250)) edge.joules -= 4000;
    if (edge.lo > ms(2750)) edge.joules -= 55;
  }
  const Figure figure = series.estimate(kWindow).window;
  CHECK(figure.cause == Cause::kCounterReset);
  CHECK(contains(figure, 600));
  CHECK(figure.uncertainty < 0.5 * 1400 * 0.5);
}

}  // namespace
