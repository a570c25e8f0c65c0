#include "test/window_fuzz.h"

namespace {

using namespace mj::energy;
using namespace mj::test;

TEST("fuzz: whatever the edges, an interval holds its value and an ok figure is a number") {
  Random random(20'261'123);
  Random sensor(1);
  int by_status[4] = {};
  for (int run = 0; run < 30'000; ++run) {
    const Series series = counted_from_power(random_series(random), sensor);
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
  Random sensor(2);
  for (int run = 0; run < 3000; ++run) {
    const Series series = counted_from_power(random_series(random), sensor);
    const Window window = random_window(random);
    Series shifted = series;
    const int64_t later = 1'000'000'000'000 + static_cast<int64_t>(random.next() % 1'000'000'000);
    for (Edge& edge : shifted.edges) edge = {edge.lo + later, edge.hi + later, edge.joules + 4096};
    for (FaultEvent& event : shifted.faults) event.at += later;
    for (PowerSample& sample : shifted.samples) sample = {sample.lo + later, sample.hi + later, sample.watts};
    const Window moved{window.a + later, window.b + later, window.idle_before_ns, window.idle_after_ns};
    const Estimate here = series.estimate(window);
    const Estimate there = shifted.estimate(moved);
    CHECK(same(here.window, there.window));
    CHECK(same(here.caused, there.caused));
  }
}

TEST("fuzz: parts sum to the whole, and so do their covariances, whatever the readings") {
  Random random(7);
  Random sensor(3);
  int compared = 0;
  for (int run = 0; run < 2000; ++run) {
    Series series = counted_from_power(random_series(random), sensor);
    // Across a fault only bounds are left, and bounds are of each window by itself.
    series.faults.clear();
    std::vector<int64_t> cuts;
    for (int i = 0; i < 6; ++i) cuts.push_back(ms(random.uniform(-1000, 6000)));
    std::sort(cuts.begin(), cuts.end());
    if (random.chance(0.2)) cuts[3] = cuts[2];
    std::vector<Window> windows;
    for (size_t i = 1; i < cuts.size(); ++i) windows.push_back({cuts[i - 1], cuts[i]});
    windows.push_back({cuts.front(), cuts.back()});
    const size_t n = windows.size();
    std::vector<double> covariance;
    const auto estimates = estimate_all(series.view(), {windows.data(), n}, &covariance);
    for (const double one : covariance) CHECK(std::isfinite(one));
    double variance = 0;
    double scale = 1;
    for (size_t i = 0; i + 1 < n && !covariance.empty(); ++i) {
      CHECK(covariance[i * n + i] >= -1e-9);
      scale = std::max(scale, covariance[i * n + i]);
      for (size_t j = 0; j + 1 < n; ++j) {
        CHECK_NEAR(covariance[i * n + j], covariance[j * n + i], 1e-6 * scale);
        variance += covariance[i * n + j];
      }
    }
    if (!covariance.empty()) CHECK_NEAR(variance, covariance.back(), 1e-6 * scale);
    double sum = 0;
    double size = 1;
    for (size_t i = 0; i < n; ++i) {
      const Figure& figure = estimates[i].window;
      sum += i + 1 < n ? figure.value : -figure.value;
      size += std::fabs(figure.value);
    }
    if (std::isnan(size)) continue;
    CHECK_NEAR(sum, 0, 1e-9 * size);
    ++compared;
  }
  CHECK(compared > 500);
}

}  // namespace
