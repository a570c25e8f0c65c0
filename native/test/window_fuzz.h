#pragma once

// Timelines and windows as bad as they come, and what must hold of every figure.
#include "test/check.h"
#include "test/window_fixture.h"

namespace mj::test {

// Of a ring: now and then the same one twice, two at one instant, a hole, and powers that no board takes.
inline void add_samples(Random& random, Series& series) {
  series.sample_traits.noise_w = random.chance(0.3) ? 0 : random.uniform(0, 20);
  series.sample_traits.lag_ns = ms(random.uniform(-10, 60));
  series.sample_traits.gain_u = random.chance(0.5) ? 0 : random.uniform(0, 0.2);
  series.sample_traits.stamp_jitter_ns = random.chance(0.5) ? 0 : ms(random.uniform(0, 10));
  const auto count = static_cast<int>(random.uniform(0, 200));
  int64_t t = ms(random.uniform(-500, 3000));
  for (int i = 0; i < count; ++i) {
    const double watts = random.chance(0.05) ? random.uniform(-1e5, 1e5) : random.uniform(0, 1000);
    series.samples.push_back({t, t + (random.chance(0.5) ? 0 : ms(random.uniform(0, 5))), watts});
    if (random.chance(0.05)) series.samples.push_back(series.samples.back());
    if (!random.chance(0.05)) t += ms(random.chance(0.05) ? 800 : random.uniform(5, 25));
  }
}

// Edges in order, as the contract asks, and otherwise as bad as they come: gaps, duplicates, overlapping and empty
// brackets, counters that stand still, jump or run backwards, faults anywhere.
inline Series random_series(Random& random) {
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
  if (random.chance(0.5)) add_samples(random, series);
  const auto faults = random.chance(0.6) ? 0 : static_cast<int>(random.uniform(1, 5));
  for (int i = 0; i < faults; ++i) {
    series.faults.push_back({ms(random.uniform(-500, 5000)), static_cast<energy::Fault>(random.next() % 7)});
  }
  std::sort(series.faults.begin(), series.faults.end(),
            [](const energy::FaultEvent& x, const energy::FaultEvent& y) { return x.at < y.at; });
  return series;
}

// As if energy had been counted from a power sensor's values, in a part of the cases.
inline Series counted_from_power(Series series, Random& random) {
  if (random.chance(0.7)) return series;
  const double seen = random.uniform(0.02, 1);
  series.traits.sight = {random.uniform(0.1, 5), 1 - seen, 1 / seen, random.chance(0.5) ? 0 : random.uniform(0.1, 1)};
  return series;
}

inline energy::Window random_window(Random& random) {
  energy::Window window;
  window.a = ms(random.uniform(-1000, 6000));
  const double longest = random.chance(0.5) ? 20 : 3000;
  window.b = random.chance(0.05) ? window.a : window.a + ms(random.uniform(0, longest));
  if (random.chance(0.7)) window.idle_before_ns = ms(random.uniform(0, 1500));
  if (random.chance(0.7)) window.idle_after_ns = ms(random.uniform(0, 1500));
  return window;
}

inline void check_figure(const energy::Figure& figure) {
  switch (figure.status) {
    case energy::EstimateStatus::kOk:
      CHECK(figure.uncertainty <= 0.5 * std::fabs(figure.value));
      [[fallthrough]];
    case energy::EstimateStatus::kBelowResolution:
      CHECK(figure.cause == energy::Cause::kNone);
      CHECK(std::isfinite(figure.value));
      break;
    case energy::EstimateStatus::kSuspect:
      CHECK(figure.cause != energy::Cause::kNone);
      break;
    case energy::EstimateStatus::kUnsupported:
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

inline bool same(const energy::Figure& x, const energy::Figure& y) {
  if (x.status != y.status || x.cause != y.cause || std::isnan(x.value) != std::isnan(y.value)) return false;
  if (std::isnan(x.value)) return true;
  const double tolerance = 1e-6 * std::max(1.0, x.uncertainty + std::fabs(x.value));
  return std::fabs(x.value - y.value) <= tolerance && std::fabs(x.lo - y.lo) <= tolerance &&
         std::fabs(x.hi - y.hi) <= tolerance;
}

}  // namespace mj::test
