#include "energy/window.h"

#include "energy/window_traits.h"
#include "test/check.h"
#include "test/window_fixture.h"

namespace {

using namespace mj::energy;
using namespace mj::test;

constexpr EstimateStatus kOk = EstimateStatus::kOk;

TEST("window: between two edges it is their difference, with nothing left to doubt") {
  const Profile profile = burst_profile(500, 750, 100, 600);
  const Series series = exact_series(profile, 2000);
  const Figure figure = series.estimate({ms(400), ms(900)}).window;
  CHECK(figure.status == kOk);
  CHECK_NEAR(figure.value, 25 + 150, 1e-9);
  CHECK_NEAR(figure.uncertainty, 0, 1e-7);
}

TEST("window: inside one interval of the counter, a guess that admits it, within what power allows") {
  Series series = exact_series(Profile({0}, [](int64_t) { return 600.0; }), 2000);
  const Window window{ms(1020), ms(1050)};
  const Figure wide = series.estimate(window).window;
  CHECK(contains(wide, 18));
  CHECK(wide.uncertainty > 0.2 * 18);
  CHECK(wide.lo >= 0);
  CHECK(wide.hi <= 1400 * 0.030 + 1e-9);
  series.traits.min_power_w = 500;
  series.traits.max_power_w = 700;
  const Figure narrow = series.estimate(window).window;
  CHECK(contains(narrow, 18));
  CHECK(narrow.lo >= 15 - 1e-9);
  CHECK(narrow.hi <= 21 + 1e-9);
}

TEST("window: power without a known limit is still told by what the counter showed") {
  Series series = exact_series(Profile({0}, [](int64_t) { return 600.0; }), 2000);
  series.traits.max_power_w = 0;
  const Figure figure = series.estimate({ms(1020), ms(1250)}).window;
  CHECK(figure.status == kOk);
  CHECK(contains(figure, 138));
}

TEST("window: the parts of a window sum to the whole, and so do their variances") {
  Random random(11);
  const Profile profile = burst_profile(700, 1900, 118, 640, 13);
  for (int run = 0; run < 100; ++run) {
    CounterSpec spec;
    Series series;
    series.edges = observe(profile, spec, 0, ms(3000), random);
    if (run % 2 == 0) series.samples = observe(profile, RingSpec(), 0, ms(3000), random);
    series.sample_traits = nvml_ring_traits();
    series.traits = nvml_board_traits(700, 0);
    // Cuts before the first edge and after the last one too; now and then far apart.
    std::vector<int64_t> cuts;
    cuts.reserve(9);
    for (int i = 0; i < 9; ++i) cuts.push_back(ms(random.uniform(-50, 3100)));
    std::sort(cuts.begin(), cuts.end());
    std::vector<Window> windows;
    for (size_t i = 1; i < cuts.size(); ++i) windows.push_back({cuts[i - 1], cuts[i]});
    const size_t parts = windows.size();
    windows.push_back({cuts.front(), cuts.back()});
    std::vector<double> covariance;
    const auto estimates = estimate_all(series.view(), {windows.data(), windows.size()}, &covariance);
    double sum = 0;
    double size = 0;
    double variance = 0;
    for (size_t i = 0; i < parts; ++i) {
      sum += estimates[i].window.value;
      size += std::fabs(estimates[i].window.value);
      for (size_t j = 0; j < parts; ++j) variance += covariance[i * windows.size() + j];
    }
    CHECK_NEAR(sum, estimates[parts].window.value, 1e-9 * std::max(1.0, size));
    const double whole = covariance.back();
    CHECK_NEAR(variance, whole, 1e-6 * std::max(1.0, whole));
  }
}

TEST("window: what lies between its ends does not add to its uncertainty") {
  const Profile flat({0}, [](int64_t) { return 300.0; });
  Series series = exact_series(flat, 20'000, 100, 3);
  series.traits.displacement_ns = ms(10);
  series.traits.quantum_j = 1e-3;
  const double nine = series.estimate({ms(1033), ms(10'071)}).window.uncertainty;
  const double eighteen = series.estimate({ms(1033), ms(19'071)}).window.uncertainty;
  CHECK(nine > 0);
  CHECK_NEAR(nine, eighteen, 0.05 * nine);
}

TEST("window: wide brackets widen it, and a known grid narrows it") {
  const Profile flat({0}, [](int64_t) { return 300.0; });
  const Window window{ms(1000), ms(2000)};
  Series series = exact_series(flat, 3000, 100, 3);
  const Figure tight = series.estimate(window).window;
  CHECK(term(tight, Term::kEdgeTiming) > 0);
  series = exact_series(flat, 3000, 100, 12);
  const Figure wide = series.estimate(window).window;
  CHECK(term(wide, Term::kEdgeTiming) > 2 * term(tight, Term::kEdgeTiming));
  series.traits.grid_jitter_ns = ms(0.4);
  const Figure gridded = series.estimate(window).window;
  CHECK(term(gridded, Term::kEdgeTiming) < 0.5 * term(wide, Term::kEdgeTiming));
  CHECK(contains(gridded, 300));
}

TEST("window: a bracket far wider than the others carries a displaced accumulation") {
  const Profile flat({0}, [](int64_t) { return 300.0; });
  Series series = exact_series(flat, 3000, 100, 3);
  series.traits.displacement_ns = ms(10);
  const Window window{ms(1000), ms(2000)};
  CHECK_NEAR(term(series.estimate(window).window, Term::kAccumulation), 0, 1e-12);
  series.edges[20].lo -= ms(2);
  CHECK_NEAR(term(series.estimate(window).window, Term::kAccumulation), 0, 1e-12);  // 8 ms of 6 ms: 1.33 x
  series.edges[20].hi += ms(2);
  CHECK(term(series.estimate(window).window, Term::kAccumulation) > 0.1);
}

TEST("window: what a sensor still holds back at the end is counted") {
  const Profile profile = burst_profile(500, 1000, 100, 600, 13);
  Series series = exact_series(profile, 2000);
  const Window window{ms(500), ms(1000)};
  // The counter has seen 13 ms x 500 W less than there was.
  CHECK(!contains(series.estimate(window).window, 300));
  series.traits.decay_ns = ms(65);
  series.traits.sensor_u = 0.2;
  const Figure figure = series.estimate(window).window;
  CHECK(contains(figure, 300));
  CHECK_NEAR(figure.value, 300, 3);
  CHECK(term(figure, Term::kKernel) > 0);
}

TEST("window: before the update that is due, the missing time is bounded by power") {
  const Profile profile({0}, [](int64_t) { return 300.0; });
  Series series = exact_series(profile, 2000);
  const Figure due = series.estimate({ms(1000), ms(2050)}).window;
  CHECK(due.status == kOk);
  CHECK_NEAR(due.value, 315, 3);
  CHECK(due.hi >= 300 + 1400 * 0.050);
  CHECK(due.lo <= 300);
  const Figure overdue = series.estimate({ms(1000), ms(2400)}).window;
  CHECK(overdue.status == EstimateStatus::kSuspect);
  CHECK(overdue.cause == Cause::kNoUpdate);
  CHECK(overdue.hi >= 300 + 1400 * 0.400);
  series.traits.max_power_w = 0;
  const Figure unbounded = series.estimate({ms(1000), ms(2400)}).window;
  CHECK(unbounded.cause == Cause::kNoUpdate);
  CHECK(std::isnan(unbounded.value));
}

TEST("window: before the first edge there is no history") {
  const Series series = exact_series(Profile({0}, [](int64_t) { return 300.0; }), 2000);
  const Figure figure = series.estimate({ms(-900), ms(500)}).window;
  CHECK(figure.status == EstimateStatus::kSuspect);
  CHECK(figure.cause == Cause::kHistoryLost);
  CHECK(contains(figure, 300 * 1.4));
  CHECK(series.estimate({ms(-50), ms(500)}).window.status == kOk);
}

TEST("window: of no length it is nothing; turned round it is refused") {
  Series series = exact_series(Profile({0}, [](int64_t) { return 300.0; }), 2000, 100, 2);
  const Figure empty = series.estimate({ms(333), ms(333)}).window;
  CHECK_EQ(empty.value, 0.0);
  CHECK_EQ(empty.lo, 0.0);
  CHECK_EQ(empty.hi, 0.0);
  CHECK(series.estimate({ms(333), ms(333)}).window.status == EstimateStatus::kBelowResolution);
  const Estimate reversed = series.estimate({ms(500), ms(300)});
  CHECK(reversed.window.cause == Cause::kInconsistent);
  CHECK(reversed.caused.cause == Cause::kInconsistent);
  CHECK(std::isnan(reversed.window.value));
}

TEST("window: without any edge it is unsupported, with a single one only bounded") {
  Series series;
  const Estimate none = series.estimate({0, ms(100)});
  CHECK(none.window.status == EstimateStatus::kUnsupported);
  CHECK(none.caused.status == EstimateStatus::kUnsupported);
  CHECK(std::isnan(none.window.value));
  series = exact_series(Profile({0}, [](int64_t) { return 300.0; }), 0);
  CHECK_EQ(series.edges.size(), 1u);
  const Figure one = series.estimate({ms(10), ms(60)}).window;
  CHECK(one.cause == Cause::kNoUpdate);
  CHECK(contains(one, 15));
  CHECK(one.lo >= 0);
  CHECK(one.hi <= 70 + 1e-9);
}

TEST("window: two edges at one instant have no power between them") {
  Series series = exact_series(Profile({0}, [](int64_t) { return 300.0; }), 2000);
  series.edges.push_back(series.edges.back());
  series.edges.insert(series.edges.begin(), series.edges.front());
  const Figure late = series.estimate({ms(1000), ms(2050)}).window;
  CHECK(contains(late, 315));
  const Figure early = series.estimate({ms(-50), ms(1000)}).window;
  CHECK(contains(early, 315));
}

TEST("window: a counter of coarse steps is uncertain by them") {
  Series series = exact_series(Profile({0}, [](int64_t) { return 300.0; }), 3000);
  series.traits.quantum_j = 1;
  const Figure figure = series.estimate({ms(1000), ms(2000)}).window;
  // Half a step at each end, and less where neighbours tell.
  CHECK(term(figure, Term::kQuantum) > 0.3);
  CHECK(term(figure, Term::kQuantum) < 1.96 * 0.5 * std::sqrt(2.0 / 3) * 1.1);
}

TEST("window: more energy than any power gives is inconsistent") {
  Series series = exact_series(Profile({0}, [](int64_t) { return 300.0; }), 2000);
  for (size_t i = 10; i < series.edges.size(); ++i) series.edges[i].joules += 500;
  const Figure figure = series.estimate({ms(500), ms(950)}).window;
  CHECK(figure.status == EstimateStatus::kSuspect);
  CHECK(figure.cause == Cause::kInconsistent);
}

TEST("names: every status, cause and term has the public one") {
  CHECK_EQ(std::string(status_name(EstimateStatus::kBelowResolution)), "below-resolution");
  CHECK_EQ(std::string(cause_name(Cause::kIdleStateChanged)), "idle-state-changed");
  for (size_t i = 0; i < kTermCount; ++i) {
    CHECK(*term_name(static_cast<Term>(i)) != 0);
    CHECK(*term_origin(static_cast<Term>(i)) != 0);
  }
  CHECK_EQ(std::string(term_distribution(Term::kEdgeTiming)), "normal");
  CHECK_EQ(std::string(term_distribution(Term::kPhase)), "rectangular");
}

}  // namespace
