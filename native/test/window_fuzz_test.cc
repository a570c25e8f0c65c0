#include "test/check.h"
#include "test/window_fixture.h"

namespace {

using namespace mj::energy;
using namespace mj::test;

// Edges in order, as the contract asks, and otherwise as bad as they come: gaps, duplicates, overlapping and empty
// brackets, counters that stand still, jump or run backwards, faults anywhere.
Series random_series(Random& random) {
  Series series;
  series.traits.period_ns = random.chance(0.1) ? 0 : ms(random.uniform(1, 200));
  series.traits.quantum_j = random.chance(0.5) ? 0 : random.uniform(0, 2);
  series.traits.max_power_w = random.chance(0.2) ? 0 : random.uniform(50, 2000);
  series.traits.min_power_w = random.chance(0.7) ? 0 : random.uniform(0, 40);
  series.traits.displacement_ns = random.chance(0.5) ? 0 : ms(random.uniform(0, 20));
  series.traits.decay_ns = random.chance(0.5) ? 0 : ms(random.uniform(0, 150));
  series.traits.sensor_u = random.uniform(0, 0.5);
  series.traits.mark_delay_ns = random.chance(0.5) ? 0 : ms(0.05);
  series.traits.phase_sensitivity = random.chance(0.5) ? 0 : 0.3;
  const auto count = static_cast<int>(random.uniform(0, 60));
  int64_t t = ms(random.uniform(-500, 500));
  double joules = 0;
  for (int i = 0; i < count; ++i) {
    const int64_t width = random.chance(0.2) ? 0 : ms(random.uniform(0, random.chance(0.1) ? 300 : 8));
    const int64_t lo = series.edges.empty() ? t : std::max(t, series.edges.back().lo);
    series.edges.push_back({lo, std::max(lo + width, series.edges.empty() ? lo : series.edges.back().hi), joules});
    if (!random.chance(0.1)) t += ms(random.uniform(0, random.chance(0.1) ? 1500 : 150));
    if (random.chance(0.02)) {
      joules -= random.uniform(0, 200);
    } else if (!random.chance(0.1)) {
      joules += random.uniform(0, random.chance(0.05) ? 5000 : 100);
    }
  }
  const auto faults = random.chance(0.6) ? 0 : static_cast<int>(random.uniform(1, 5));
  for (int i = 0; i < faults; ++i) {
    series.faults.push_back({ms(random.uniform(-500, 5000)), static_cast<Fault>(random.next() % 7)});
  }
  std::sort(series.faults.begin(), series.faults.end(),
            [](const FaultEvent& x, const FaultEvent& y) { return x.at < y.at; });
  return series;
}

Window random_window(Random& random) {
  Window window;
  window.a = ms(random.uniform(-1000, 6000));
  const double longest = random.chance(0.5) ? 20 : 3000;
  window.b = random.chance(0.05) ? window.a : window.a + ms(random.uniform(0, longest));
  if (random.chance(0.7)) window.idle_before_ns = ms(random.uniform(0, 1500));
  if (random.chance(0.7)) window.idle_after_ns = ms(random.uniform(0, 1500));
  return window;
}

void check_figure(const Figure& figure) {
  switch (figure.status) {
    case EstimateStatus::kOk:
      CHECK(figure.uncertainty <= 0.5 * std::fabs(figure.value));
      [[fallthrough]];
    case EstimateStatus::kBelowResolution:
      CHECK(figure.cause == Cause::kNone);
      CHECK(std::isfinite(figure.value));
      break;
    case EstimateStatus::kSuspect:
      CHECK(figure.cause != Cause::kNone);
      break;
    case EstimateStatus::kUnsupported:
      CHECK(std::isnan(figure.value));
      break;
  }
  if (std::isnan(figure.value)) return;
  CHECK(std::isfinite(figure.lo));
  CHECK(std::isfinite(figure.hi));
  CHECK(figure.lo <= figure.value);
  CHECK(figure.value <= figure.hi);
  const double longer = std::max(figure.value - figure.lo, figure.hi - figure.value);
  CHECK_NEAR(figure.uncertainty, longer, 1e-9 * std::max(1.0, longer));
  double sum = 0;
  for (const double half_width : figure.terms) {
    CHECK(half_width >= 0);
    sum += half_width;
  }
  CHECK(figure.uncertainty <= sum * (1 + 1e-9) + 1e-9);  // combining never adds to the terms
}

bool same(const Figure& x, const Figure& y) {
  if (x.status != y.status || x.cause != y.cause || std::isnan(x.value) != std::isnan(y.value)) return false;
  if (std::isnan(x.value)) return true;
  const double tolerance = 1e-6 * std::max(1.0, x.uncertainty + std::fabs(x.value));
  return std::fabs(x.value - y.value) <= tolerance && std::fabs(x.lo - y.lo) <= tolerance &&
         std::fabs(x.hi - y.hi) <= tolerance;
}

TEST("fuzz: whatever the edges, an interval holds its value and an ok figure is a number") {
  Random random(20'261'123);
  int by_status[4] = {};
  for (int run = 0; run < 30'000; ++run) {
    const Series series = random_series(random);
    const Window window = random_window(random);
    const Estimate result = series.estimate(window);
    check_figure(result.window);
    check_figure(result.caused);
    CHECK(!(result.idle.uncertainty < 0));
    ++by_status[static_cast<size_t>(result.caused.status)];
    if (result.window.status == EstimateStatus::kOk) CHECK(result.window.hi >= 0);
  }
  for (const int seen : by_status) CHECK(seen > 100);
}

TEST("fuzz: the origin of time and of the counter do not matter") {
  Random random(42);
  for (int run = 0; run < 3000; ++run) {
    const Series series = random_series(random);
    const Window window = random_window(random);
    Series shifted = series;
    const int64_t later = 1'000'000'000'000 + static_cast<int64_t>(random.next() % 1'000'000'000);
    for (Edge& edge : shifted.edges) edge = {edge.lo + later, edge.hi + later, edge.joules + 4096};
    for (FaultEvent& event : shifted.faults) event.at += later;
    const Window moved{window.a + later, window.b + later, window.idle_before_ns, window.idle_after_ns};
    const Estimate here = series.estimate(window);
    const Estimate there = shifted.estimate(moved);
    CHECK(same(here.window, there.window));
    CHECK(same(here.caused, there.caused));
  }
}

}  // namespace
