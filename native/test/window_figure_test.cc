#include "energy/window_figure.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "test/check.h"
#include "test/counter_sim.h"

namespace {

using namespace mj::energy;
using namespace mj::test;

double half_width_95(std::vector<double>& absolute) {
  const auto nth = absolute.begin() + static_cast<ptrdiff_t>(0.95 * static_cast<double>(absolute.size()));
  std::nth_element(absolute.begin(), nth, absolute.end());
  return *nth;
}

TEST("figure: rectangular terms are no narrower than their convolution, and hardly wider") {
  CHECK_NEAR(rectangular_sum({3.0}), 3, 1e-12);
  // Two equal ones make a triangle: 95 % lie within 2 (1 - sqrt(0.05)) half-widths.
  CHECK(rectangular_sum({1.0, 1.0}) >= 2 * (1 - std::sqrt(0.05)));
  Random random(5);
  for (int run = 0; run < 30; ++run) {
    const double a = random.uniform();
    const double b = random.uniform();
    const double c = random.uniform();
    std::vector<double> sums;
    sums.reserve(20'000);
    for (int i = 0; i < 20'000; ++i) {
      sums.push_back(std::fabs(a * random.uniform(-1, 1) + b * random.uniform(-1, 1) + c * random.uniform(-1, 1)));
    }
    const double exact = half_width_95(sums);
    CHECK(rectangular_sum({a, b, c}) > 0.99 * exact);
    CHECK(rectangular_sum({a, b, c}) < 1.15 * exact);
  }
}

TEST("figure: a normal, a rectangular and a two-point term together cover 95 %") {
  Random random(6);
  for (int run = 0; run < 30; ++run) {
    Spread spread;
    spread.value = 1000;
    const double sigma = random.uniform(0, 2);
    const double drift = random.uniform(0, 2);
    const double displaced = random.uniform(0, 2);
    spread.both(Term::kIdleLevel, 1.96 * sigma);
    spread.both(Term::kPhase, rectangular_sum({drift}));
    spread.both(Term::kIdleDrift, displaced);
    spread.drift_is_two_point = true;
    const Figure figure = figure_of(spread, Cause::kNone);
    std::vector<double> errors;
    errors.reserve(20'000);
    for (int i = 0; i < 20'000; ++i) {
      const double side = random.chance(0.5) ? displaced : -displaced;
      errors.push_back(std::fabs(sigma * random.normal() + drift * random.uniform(-1, 1) + side));
    }
    CHECK(figure.uncertainty > 0.99 * half_width_95(errors));
  }
}

TEST("figure: one-sided terms make a one-sided interval, and the longer side is the uncertainty") {
  Spread spread;
  spread.value = 10;
  spread.above[Term::kKernel] = 4;
  spread.below[Term::kCutInterval] = 1;
  const Figure figure = figure_of(spread, Cause::kNone);
  CHECK_EQ(figure.lo, 9.0);
  CHECK_EQ(figure.hi, 14.0);
  CHECK_EQ(figure.uncertainty, 4.0);
  CHECK_EQ(figure.terms[static_cast<size_t>(Term::kKernel)], 4.0);
  CHECK_EQ(figure.terms[static_cast<size_t>(Term::kCutInterval)], 0.0);
}

TEST("figure: limits draw an interval in, an unbounded one too") {
  Spread spread;
  spread.value = 10;
  spread.above[Term::kCutInterval] = std::numeric_limits<double>::infinity();
  spread.below[Term::kCutInterval] = 30;
  spread.below[Term::kEdgeTiming] = 10;
  spread.limit(0, 25);
  CHECK_NEAR(spread.above[Term::kCutInterval], 15, 1e-12);
  CHECK_NEAR(spread.below[Term::kCutInterval], 3 * spread.below[Term::kEdgeTiming], 1e-12);
  // Up to the limits, and no further.
  const Figure figure = figure_of(spread, Cause::kNone);
  CHECK_NEAR(figure.lo, 0, 1e-12);
  CHECK_NEAR(figure.hi, 25, 1e-12);
}

TEST("figure: terms that stay within the limits together are not drawn in because their sum does not") {
  Spread spread;
  spread.value = 10;
  spread.both(Term::kPhase, 6);
  spread.both(Term::kCoverage, 7);
  spread.limit(0, 20);
  CHECK_NEAR(figure_of(spread, Cause::kNone).lo, 10 - std::sqrt(85.0), 1e-12);
}

TEST("figure: resolved up to an uncertainty of half the value, negative ones alike") {
  for (const double value : {10.0, -10.0}) {
    Spread spread;
    spread.value = value;
    spread.both(Term::kCutInterval, 5);
    CHECK(figure_of(spread, Cause::kNone).status == EstimateStatus::kOk);
    spread.both(Term::kCutInterval, 5.1);
    CHECK(figure_of(spread, Cause::kNone).status == EstimateStatus::kBelowResolution);
    CHECK(figure_of(spread, Cause::kOtherWork).status == EstimateStatus::kSuspect);
  }
}

}  // namespace
