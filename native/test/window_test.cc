#include "energy/window.h"

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
  CHECK_NEAR(figure.uncertainty, 0, 1e-9);
}

TEST("window: inside one interval of the counter, by proportion, as wide as conservation and power allow") {
  Series series = exact_series(Profile({0}, [](int64_t) { return 600.0; }), 2000);
  const Window window{ms(1020), ms(1050)};
  const Figure wide = series.estimate(window).window;
  CHECK(wide.status == EstimateStatus::kBelowResolution);
  CHECK_NEAR(wide.value, 18, 1e-9);
  CHECK_NEAR(wide.lo, 0, 1e-9);             // the 60 J may lie wholly outside,
  CHECK_NEAR(wide.hi, 1400 * 0.030, 1e-9);  // or as much inside as the power allows
  series.traits.max_power_w = 700;
  const Figure narrow = series.estimate(window).window;
  CHECK_NEAR(narrow.lo, 60 - 700 * 0.070, 1e-9);
  CHECK_NEAR(narrow.hi, 21, 1e-9);
  series.traits.min_power_w = 500;
  const Figure narrower = series.estimate(window).window;
  CHECK_NEAR(narrower.lo, 15, 1e-9);
  CHECK_NEAR(narrower.hi, 21, 1e-9);
}

TEST("window: power without a known limit is still bounded by what the counter showed") {
  Series series = exact_series(Profile({0}, [](int64_t) { return 600.0; }), 2000);
  series.traits.max_power_w = 0;
  const Figure figure = series.estimate({ms(1020), ms(1250)}).window;
  CHECK_NEAR(figure.value, 138, 1e-9);
  CHECK_NEAR(figure.lo, 60, 1e-9);
  CHECK_NEAR(figure.hi, 180, 1e-9);
}

TEST("window: the parts of a window sum to the whole") {
  Random random(11);
  const Profile profile = burst_profile(700, 1900, 118, 640, 13);
  for (int run = 0; run < 200; ++run) {
    CounterSpec spec;
    Series series;
    series.edges = observe(profile, spec, 0, ms(3000), random);
    series.traits.period_ns = ms(100);
    series.traits.max_power_w = 1400;
    // Cuts before the first edge and after the last one too.
    std::vector<int64_t> cuts;
    cuts.reserve(9);
    for (int i = 0; i < 9; ++i) cuts.push_back(ms(random.uniform(-50, 3100)));
    std::sort(cuts.begin(), cuts.end());
    double sum = 0;
    double size = 0;
    for (size_t i = 1; i < cuts.size(); ++i) {
      const double part = series.estimate({cuts[i - 1], cuts[i]}).window.value;
      sum += part;
      size += std::fabs(part);
    }
    CHECK_NEAR(sum, series.estimate({cuts.front(), cuts.back()}).window.value, 1e-9 * std::max(1.0, size));
  }
}

TEST("window: edges inside it do not add to its uncertainty") {
  Random random(12);
  const Profile flat({0}, [](int64_t) { return 300.0; });
  Series series = exact_series(flat, 20'000, 100, 3);
  series.traits.displacement_ns = ms(10);
  series.traits.quantum_j = 1e-3;
  const double one = series.estimate({ms(1033), ms(2071)}).window.uncertainty;
  const double eighteen = series.estimate({ms(1033), ms(19'071)}).window.uncertainty;
  CHECK(one > 0);
  CHECK_NEAR(one, eighteen, 1e-9);
}

TEST("window: a cut near an edge is as uncertain as the bracket of that edge") {
  const Profile flat({0}, [](int64_t) { return 300.0; });
  const Series series = exact_series(flat, 3000, 100, 3);
  const Figure figure = series.estimate({ms(1000), ms(2000)}).window;
  // Each end may lie 3 ms to either side of its edge, at up to 1400 W.
  CHECK_NEAR(term(figure, Term::kEdgeTiming), 2 * 1400 * 0.003, 1e-9);
  CHECK_NEAR(figure.uncertainty, 2 * 1400 * 0.003, 1e-9);
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
  CHECK_NEAR(term(series.estimate(window).window, Term::kAccumulation), 1400 * 0.010, 1e-9);
}

TEST("window: the tail that a sensor still holds back belongs to the interval") {
  const Profile profile = burst_profile(500, 1000, 100, 600, 13);
  Series series = exact_series(profile, 2000);
  const Window window{ms(500), ms(1000)};
  // The counter has seen 13 ms x 500 W less than there was.
  CHECK(!contains(series.estimate(window).window, 300));
  series.traits.decay_ns = ms(65);
  const Figure figure = series.estimate(window).window;
  CHECK(contains(figure, 300));
  CHECK(term(figure, Term::kTail) > 5);
}

TEST("window: before the update that is due, the missing time is bounded by power") {
  const Profile profile({0}, [](int64_t) { return 300.0; });
  Series series = exact_series(profile, 2000);
  const Figure due = series.estimate({ms(1000), ms(2050)}).window;
  CHECK(due.status == kOk);
  CHECK_NEAR(due.value, 315, 1e-9);
  CHECK_NEAR(due.hi, 300 + 1400 * 0.050, 1e-9);
  CHECK_NEAR(due.lo, 300, 1e-9);
  const Figure overdue = series.estimate({ms(1000), ms(2400)}).window;
  CHECK(overdue.status == EstimateStatus::kSuspect);
  CHECK(overdue.cause == Cause::kNoUpdate);
  CHECK_NEAR(overdue.hi, 300 + 1400 * 0.400, 1e-9);
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
  series.traits.mark_delay_ns = ms(0.05);
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
  CHECK_NEAR(one.lo, 0, 1e-9);
  CHECK_NEAR(one.hi, 70, 1e-9);
}

TEST("window: two edges at one instant have no power between them") {
  Series series = exact_series(Profile({0}, [](int64_t) { return 300.0; }), 2000);
  series.edges.push_back(series.edges.back());
  series.edges.insert(series.edges.begin(), series.edges.front());
  const Figure late = series.estimate({ms(1000), ms(2050)}).window;
  CHECK_NEAR(late.value, 300, 1e-9);
  CHECK_NEAR(late.hi, 300 + 70, 1e-9);
  const Figure early = series.estimate({ms(-50), ms(1000)}).window;
  CHECK_NEAR(early.value, 300, 1e-9);
  CHECK_NEAR(early.hi, 300 + 70, 1e-9);
}

TEST("window: a counter of coarse steps is uncertain by them") {
  Series series = exact_series(Profile({0}, [](int64_t) { return 300.0; }), 3000);
  series.traits.quantum_j = 1;
  const Figure figure = series.estimate({ms(1000), ms(2000)}).window;
  CHECK_NEAR(term(figure, Term::kQuantum), 1.96 * 0.5 * std::sqrt(2.0 / 3), 1e-9);
  CHECK_NEAR(figure.uncertainty, term(figure, Term::kQuantum), 1e-9);
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
  CHECK_EQ(std::string(term_distribution(Term::kEdgeTiming, EnergyKind::kWindow)), "two-point");
  CHECK_EQ(std::string(term_distribution(Term::kEdgeTiming, EnergyKind::kCaused)), "rectangular");
}

}  // namespace
