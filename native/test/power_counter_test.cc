#include "energy/power_counter.h"

#include "test/check.h"
#include "test/counter_sim.h"

namespace {

using namespace mj::energy;
using namespace mj::test;

PowerKernel polled(double period_ms, double averaging_ms) {
  PowerKernel kernel;
  kernel.period_ns = ms(period_ms);
  kernel.averaging_ns = ms(averaging_ms);
  return kernel;
}

// Read at each of these milliseconds.
std::vector<Edge> count(const PowerKernel& kernel, const std::vector<std::pair<double, double>>& readings) {
  std::vector<PowerSample> samples;
  for (const auto& [at_ms, watts] : readings) samples.push_back({ms(at_ms), ms(at_ms), watts});
  return count_energy(samples, kernel);
}

TEST("power counter: means without gaps add up to the energy, whatever the load does") {
  Random random(1);
  const Profile power({0, ms(512), ms(530), ms(1700)}, [](int64_t t) { return t < ms(520) ? 100.0 : 437.0; });
  PowerSpec spec;
  spec.kernel = polled(100, 100);
  spec.noise_w = 0;
  const std::vector<Edge> edges = count_energy(observe(power, spec, 0, ms(5000), random), spec.kernel);
  CHECK(edges.size() > 40);
  // The first value that was seen to come begins it: from there on, up to the edges' own brackets.
  const Edge& first = edges[2];
  for (const Edge& edge : edges) {
    CHECK(edge.lo <= edge.hi);
    if (edge.lo < first.lo) continue;
    const double least = power.energy(first.hi, edge.lo) - 1;
    const double most = power.energy(first.lo, edge.hi) + 1;
    CHECK(edge.joules - first.joules >= least);
    CHECK(edge.joules - first.joules <= most);
  }
}

TEST("power counter: a mean over a second is counted once a second, though it is shown more often") {
  Random random(2);
  PowerSpec spec;
  spec.kernel = polled(100, 1000);
  spec.noise_w = 0;
  const Profile power({0, ms(4030), ms(4290)}, [](int64_t t) { return t > ms(4030) && t < ms(4290) ? 600.0 : 100.0; });
  const std::vector<Edge> edges = count_energy(observe(power, spec, 0, ms(10'000), random), spec.kernel);
  CHECK(edges.size() >= 9 && edges.size() <= 10);
  const Edge& first = edges[1];
  const double elapsed_s = static_cast<double>(edges.back().lo - first.lo) * 1e-9;
  CHECK_NEAR(edges.back().joules - first.joules, 100 * elapsed_s + 500 * 0.26, 100 * 0.03);
}

TEST("power counter: a value that stays the same is as good as a new one") {
  std::vector<std::pair<double, double>> readings;
  for (int t = 0; t <= 2000; t += 10) readings.emplace_back(t, 150.0);
  const std::vector<Edge> edges = count(polled(100, 100), readings);
  CHECK(edges.size() >= 18);
  for (size_t i = 1; i < edges.size(); ++i) CHECK_NEAR(edges[i].joules - edges[i - 1].joules, 15, 1e-9);
  CHECK(edges.back().hi <= ms(2000));
  CHECK(edges.back().hi >= ms(1800));
}

TEST("power counter: what is seen of a part of the time stands for the middle of its period") {
  const std::vector<Edge> edges = count(polled(100, 25), {{0, 100}, {10, 100}, {95, 100}, {105, 300}, {115, 300}});
  CHECK_EQ(edges.size(), 2U);
  CHECK_EQ(edges[1].lo, ms(95 + 37.5));
  CHECK_EQ(edges[1].hi, ms(105 + 37.5));
}

TEST("power counter: time without readings is one long step, and a fault where nothing is known any more") {
  PowerCounter counter(polled(100, 100));
  for (int t = 0; t <= 300; t += 10) counter.observe({ms(t), ms(t), t < 205 ? 100.0 : 200.0});
  const auto late = counter.observe({ms(800), ms(800), 300});
  CHECK(late.has_edge);
  CHECK(late.fault.fault == Fault::kNone);
  const auto lost = counter.observe({ms(9800), ms(9800), 250});
  CHECK(lost.fault.fault == Fault::kHistoryLost);
}

TEST("power counter: stamped samples are joined by straight lines, where they were taken") {
  PowerKernel kernel = polled(20, 20);
  kernel.stamped = true;
  kernel.lag_ns = ms(3);
  kernel.stamp_jitter_ns = ms(2);
  const std::vector<Edge> edges = count(kernel, {{0, 100}, {20, 200}, {50, 200}});
  CHECK_EQ(edges.size(), 3U);
  CHECK_NEAR(edges[1].joules, 3, 1e-12);
  CHECK_NEAR(edges[2].joules, 9, 1e-12);
  CHECK_EQ(edges[2].lo, ms(45));
  CHECK_EQ(edges[2].hi, ms(49));
}

TEST("power counter: of a sensor that nobody looked at, a value may be a second old") {
  PowerKernel kernel = polled(100, 25);
  kernel.unplaced_ns = ms(1000);
  std::vector<std::pair<double, double>> readings;
  for (int t = 0; t <= 5000; t += 10) readings.emplace_back(t, 100.0 + 0.01 * t);
  const std::vector<Edge> edges = count(kernel, readings);
  CHECK(edges.size() >= 4 && edges.size() <= 6);
  for (const Edge& edge : edges) CHECK(edge.hi - edge.lo >= ms(1000));
}

TEST("power counter: of polled readings the new values, each in the bracket in which it came") {
  const auto updates = power_updates({{0, 1, 5}, {10, 11, 5}, {20, 21, 6}, {30, 31, 6}, {40, 41, 5}});
  CHECK_EQ(updates.size(), 2U);
  CHECK_EQ(updates[0].lo, 10);
  CHECK_EQ(updates[0].hi, 21);
  CHECK_EQ(updates[1].watts, 5.0);
}

}  // namespace
