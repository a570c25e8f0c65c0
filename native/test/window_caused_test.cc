#include "energy/window_idle.h"
#include "energy/window_traits.h"
#include "test/check.h"
#include "test/window_fixture.h"

namespace {

using namespace mj::energy;
using namespace mj::test;

Window around(double a_ms, double b_ms, double before_ms = 1000, double after_ms = 1000) {
  return {ms(a_ms), ms(b_ms), ms(before_ms), ms(after_ms)};
}

TEST("caused: a burst far shorter than the counter's period, in full") {
  const Series series = exact_series(burst_profile(2013, 2018, 118, 600), 4000);
  const Estimate result = series.estimate(around(2013, 2018));
  CHECK(result.caused.status == EstimateStatus::kOk);
  CHECK_NEAR(result.caused.value, 0.005 * 482, 0.01);
  CHECK(contains(result.caused, 0.005 * 482));
  CHECK_NEAR(result.idle.watts, 118, 1e-9);
  CHECK_NEAR(result.idle_before.watts, 118, 1e-9);
  CHECK_NEAR(result.idle_after.watts, 118, 1e-9);
}

TEST("caused: what a sensor shows late is waited for") {
  Series series = exact_series(burst_profile(2000, 2095, 118, 600, 13), 4000);
  series.traits.decay_ns = ms(65);
  const Figure figure = series.estimate(around(2000, 2095)).caused;
  const double truth = 0.095 * 482;
  CHECK_NEAR(figure.value, truth, 0.002 * truth);
  CHECK(contains(figure, truth));
  // The edge 5 ms after the end would have missed a tenth of it.
  series.traits.decay_ns = 0;
  CHECK(series.estimate(around(2000, 2095)).caused.value < 0.93 * truth);
}

TEST("caused: an idle level that drifts is followed by the line through both sides") {
  std::vector<int64_t> breaks;
  breaks.reserve(5000);
  for (int t = 0; t < 5000; ++t) breaks.push_back(ms(t));
  const auto idle = [](int64_t t) { return 100 + 5e-9 * static_cast<double>(t); };
  const Profile drifting(breaks, [&](int64_t t) { return idle(t) + (t >= ms(2000) && t < ms(2500) ? 400 : 0); });
  const Figure figure = exact_series(drifting, 5000).estimate(around(2000, 2500)).caused;
  CHECK_NEAR(figure.value, 200, 0.05);
  CHECK(contains(figure, 200));
}

TEST("caused: brackets count at idle power, as nothing else ran there") {
  const Series series = exact_series(burst_profile(2013, 2018, 118, 600), 4000, 100, 3);
  const Figure figure = series.estimate(around(2013, 2018)).caused;
  // Several edges a side share what one of them would add.
  CHECK(term(figure, Term::kEdgeTiming) > 0.1);
  CHECK(term(figure, Term::kEdgeTiming) < 1.96 * 118 * 0.003 * std::sqrt(2.0 / 3));
  CHECK_NEAR(term(figure, Term::kCutInterval), 0, 1e-9);
}

TEST("caused: the tail of earlier work at the start of the quiet time is no idle") {
  const Profile profile(
      {0, ms(920), ms(1001), ms(2013), ms(2018)},
      [](int64_t t) { return (t >= ms(920) && t < ms(1001)) || (t >= ms(2013) && t < ms(2018)) ? 600.0 : 118.0; },
      ms(13));
  Series series = exact_series(profile, 4000, 20);
  series.traits.decay_ns = ms(65);
  const Estimate result = series.estimate(around(2013, 2018, 1012, 1000));
  CHECK_NEAR(result.idle_before.watts, 118, 0.01);
  CHECK(result.idle_before.uncertainty < 1);
}

TEST("caused: may be negative and is not clipped") {
  const Series series = exact_series(burst_profile(2000, 2500, 118, 60), 4000);
  const Figure figure = series.estimate(around(2000, 2500)).caused;
  CHECK(figure.status == EstimateStatus::kOk);
  CHECK_NEAR(figure.value, -29, 0.1);
  CHECK(figure.hi < -25);
}

TEST("caused: quiet declared on one side only is worth less") {
  const Series series = exact_series(burst_profile(2000, 2500, 118, 600), 4000);
  const Figure both = series.estimate(around(2000, 2500)).caused;
  const Estimate before = series.estimate(around(2000, 2500, 1000, 0));
  const Estimate after = series.estimate(around(2000, 2500, 0, 1000));
  for (const Estimate* one : {&before, &after}) {
    CHECK(one->caused.status == EstimateStatus::kOk);
    CHECK(contains(one->caused, 241));
    CHECK(one->caused.uncertainty > 2 * both.uncertainty);
    CHECK_NEAR(one->idle.watts, 118, 1e-9);
  }
  CHECK(std::isnan(before.idle_after.watts));
  CHECK(std::isnan(after.idle_before.watts));
}

TEST("caused: with no declared idle there are bounds only") {
  const Series series = exact_series(burst_profile(2000, 2500, 118, 600), 4000);
  const Estimate result = series.estimate({ms(2000), ms(2500)});
  CHECK(result.caused.status == EstimateStatus::kBelowResolution);
  CHECK(contains(result.caused, 241));
  CHECK(std::isnan(result.idle.watts));
}

TEST("caused: another idle state after than before is suspect, a slow change is not") {
  const auto two_states = [](double before, double after) {
    const Profile profile({0, ms(2000), ms(2500)}, [=](int64_t t) {
      if (t < ms(2000)) return before;
      return t < ms(2500) ? 600.0 : after;
    });
    return exact_series(profile, 4000).estimate(around(2000, 2500)).caused;
  };
  const Figure changed = two_states(75, 118);
  CHECK(changed.status == EstimateStatus::kSuspect);
  CHECK(changed.cause == Cause::kIdleStateChanged);
  CHECK(contains(changed, 300 - 0.5 * 75));
  CHECK(contains(changed, 300 - 0.5 * 118));
  CHECK(two_states(118, 121).status == EstimateStatus::kOk);
  CHECK(two_states(118, 107).status == EstimateStatus::kOk);
}

TEST("caused: power of others in the quiet time moves the level little and widens the interval") {
  const Profile disturbed({0, ms(1210), ms(1230), ms(2000), ms(2500)}, [](int64_t t) {
    if (t >= ms(1210) && t < ms(1230)) return 700.0;
    return t >= ms(2000) && t < ms(2500) ? 600.0 : 118.0;
  });
  const Figure quiet = exact_series(burst_profile(2000, 2500, 118, 600), 4000).estimate(around(2000, 2500)).caused;
  const Estimate result = exact_series(disturbed, 4000).estimate(around(2000, 2500));
  CHECK_NEAR(result.idle_before.watts, 118, 3);
  CHECK(result.caused.uncertainty > quiet.uncertainty);
  CHECK(contains(result.caused, 241));
}

TEST("caused: no edge after the end yet leaves a value within the limits of power") {
  const Series series = exact_series(burst_profile(2000, 2050, 118, 600), 2000);
  const Figure due = series.estimate(around(2000, 2050)).caused;
  CHECK(due.status == EstimateStatus::kBelowResolution);
  CHECK(contains(due, 0.05 * 482));
  const Figure overdue = series.estimate(around(2000, 2500)).caused;
  CHECK(overdue.status == EstimateStatus::kSuspect);
  CHECK(overdue.cause == Cause::kNoUpdate);
}

TEST("caused: idle power that takes a step somewhere between both sides is in the interval") {
  // [H100, 2026-11-27] 125.5 W after work, and 130.3 W some seconds later, within 100 ms.
  for (const double excess : {0.0, 200.0}) {
    Random random(20'261'129);
    int misses = 0;
    for (int run = 0; run < 400; ++run) {
      const int64_t a = ms(random.uniform(3000, 3100));
      const int64_t b = a + ms(5000);
      const int64_t step = ms(random.uniform(2800, 8300));
      const Profile power(
          {0, a, b, step}, [=](int64_t t) { return (t < step ? 125.5 : 130.3) + (t >= a && t < b ? excess : 0); },
          ms(13));
      Series series;
      series.edges = observe(power, CounterSpec(), 0, ms(11'000), random);
      series.traits = nvml_board_traits(700, 0);
      const Estimate estimate = series.estimate({a, b, ms(750), ms(1500)});
      misses += contains(estimate.caused, excess * 5) ? 0 : 1;
    }
    CHECK(misses <= 38);  // at 5 % more come once in 10,000
  }
}

TEST("caused: quiet time too short for its power leaves idle unknown, and the window's own energy as it was") {
  for (const double idle_ms : {100.0, 150.0, 200.0, 250.0}) {
    Random random(20'261'127);
    int misses = 0;
    for (int run = 0; run < 400; ++run) {
      const double start = random.uniform(3000, 3100);
      const Profile work = burst_profile(start, start + 1000, 126, 724, 13);
      Series series;
      series.edges = observe(work, CounterSpec(), 0, ms(6000), random);
      series.traits = nvml_board_traits(700, 0);
      const Estimate estimate = series.estimate({ms(start), ms(start + 1000), ms(idle_ms), ms(idle_ms)});
      misses += contains(estimate.window, 724) && contains(estimate.caused, 724 - 126) ? 0 : 1;
    }
    CHECK(misses <= 38);  // at 5 % more come once in 10,000
  }
}

TEST("caused: a slope between a long quiet time and a short one is no more than the readings tell") {
  for (const bool long_before : {false, true}) {
    Random random(20'261'128);
    int misses = 0;
    for (int run = 0; run < 400; ++run) {
      const double start = random.uniform(3000, 3100);
      const double end = start + random.uniform(20, 300);
      const Profile work = burst_profile(start, end, 118, 600, 13);
      Series series;
      series.edges = observe(work, CounterSpec(), 0, ms(6000), random);
      series.traits = nvml_board_traits(700, 0);
      series.traits.phase_sensitivity = 0;
      const int64_t brief = ms(random.uniform(200, 300));
      const Window window{ms(start), ms(end), long_before ? ms(1000) : brief, long_before ? brief : ms(1000)};
      misses += contains(series.estimate(window).caused, 0.482 * (end - start)) ? 0 : 1;
    }
    CHECK(misses <= 38);  // at 5 % more come once in 10,000
  }
}

TEST("caused: quiet time shorter than a block of its noise has a power all the same") {
  const Profile work = burst_profile(500, 600, 60, 130);
  Series series = exact_series(work, 1000, 1);
  series.traits = rapl_traits(61e-6, 125, 0);
  for (const double idle_ms : {5.0, 20.0, 40.0, 60.0}) {
    const Estimate estimate = series.estimate({ms(500), ms(600), ms(idle_ms), ms(idle_ms)});
    CHECK(contains(estimate.window, 13));
    CHECK(contains(estimate.caused, 7));
    CHECK(estimate.caused.uncertainty < 0.5 * 7);
  }
}

TEST("idle: Student's t, from the table and beyond it") {
  CHECK_NEAR(student_t95(1), 12.706, 1e-3);
  CHECK_NEAR(student_t95(0), 12.706, 1e-3);
  CHECK_NEAR(student_t95(12), 2.179, 1e-3);
  CHECK_NEAR(student_t95(13), 2.160, 2e-3);
  CHECK_NEAR(student_t95(30), 2.042, 1e-3);
  CHECK_NEAR(student_t95(1000), 1.962, 1e-3);
}

TEST("traits: a board's power is bounded by twice its limit or by what was seen") {
  CHECK_EQ(nvml_board_traits(700, 964).max_power_w, 1400.0);
  CHECK_NEAR(nvml_board_traits(300, 700).max_power_w, 840, 1e-9);
  CHECK_EQ(nvml_board_traits(0, 0).max_power_w, 0.0);
  CHECK_EQ(rapl_traits(61e-6, 125, 0).quantum_j, 61e-6);
}

}  // namespace
