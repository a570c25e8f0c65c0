#include <algorithm>
#include <vector>

#include "energy/window.h"
#include "energy/window_traits.h"
#include "test/check.h"
#include "test/window_fixture.h"

namespace {

using namespace mj::energy;
using namespace mj::test;

// A board's counter, read about its updates, but for a time in which each call takes `call_ms` or so and the next one
// follows at once: so does a driver that is busy with another process.
std::vector<Edge> with_slow_calls(const Profile& profile, int64_t slow_from, int64_t slow_to, double call_ms,
                                  Random& random) {
  const std::vector<Edge> updates = observe(profile, CounterSpec(), 0, slow_to + ms(5000), random);
  const auto shown = [&updates](int64_t t) {
    double joules = 0;
    for (const Edge& edge : updates) {
      if (edge.lo + (edge.hi - edge.lo) / 2 <= t) joules = edge.joules;
    }
    return joules;
  };
  std::vector<Edge> edges;
  for (const Edge& edge : updates) {
    if (edge.hi < slow_from) edges.push_back(edge);
  }
  int64_t before = edges.back().hi;
  for (int64_t t = before; t < slow_to;) {
    const int64_t took = ms(call_ms * random.uniform(0.8, 1.25));
    const double joules = shown(t + static_cast<int64_t>(random.uniform() * static_cast<double>(took)));
    if (joules != edges.back().joules) edges.push_back({before, t + took, joules});
    before = t;
    t += took;
  }
  for (const Edge& edge : updates) {
    if (edge.lo > edges.back().hi) edges.push_back(edge);
  }
  return edges;
}

struct Outcome {
  int misses = 0;
  double widest = 0;
  void add(const Figure& figure, double truth) {
    misses += contains(figure, truth) ? 0 : 1;
    widest = std::max(widest, figure.uncertainty);
  }
};

constexpr uint64_t kSeed = 20'261'127;
constexpr int kRuns = 200;
constexpr int kMostMisses = 20;  // at 5 % more come once in 3000
constexpr double kCallsMs[] = {20, 60, 110, 250};

TEST("slow reads: a window that begins among them has what few readings tell, not what the limits of power allow") {
  const Profile flat({0}, [](int64_t) { return 75.0; });
  for (const double call_ms : kCallsMs) {
    Random random(kSeed);
    Outcome seen;
    for (int run = 0; run < kRuns; ++run) {
      Series series;
      series.edges = with_slow_calls(flat, ms(3000), ms(5000), call_ms, random);
      series.traits = nvml_board_traits(700, 0);
      const int64_t a = ms(random.uniform(3500, 4500));
      const Figure figure = series.estimate({a, a + ms(1500)}).window;
      CHECK(figure.status != EstimateStatus::kSuspect);
      seen.add(figure, flat.energy(a, a + ms(1500)));
    }
    CHECK(seen.misses <= kMostMisses);
    CHECK(seen.widest < 75);  // J; power alone allows 2.1 kJ
  }
}

TEST("slow reads: about the start or the end of work they widen its energy") {
  for (const bool at_end : {false, true}) {
    for (const double call_ms : kCallsMs) {
      Random random(kSeed);
      Outcome window;
      Outcome caused;
      for (int run = 0; run < kRuns; ++run) {
        const int64_t a = ms(random.uniform(6000, 6100));
        const int64_t b = a + ms(700);
        const Profile work = burst_profile(1e-6 * static_cast<double>(a), 1e-6 * static_cast<double>(b), 126, 724, 13);
        Series series;
        const int64_t about = at_end ? b : a;
        series.edges = with_slow_calls(work, about - ms(600), about + ms(400), call_ms, random);
        series.traits = nvml_board_traits(700, 0);
        const Estimate estimate = series.estimate({a, b, ms(300), ms(300)});
        window.add(estimate.window, 724 * 0.7);
        caused.add(estimate.caused, (724 - 126) * 0.7);
      }
      CHECK(window.misses <= kMostMisses);
      CHECK(caused.misses <= kMostMisses);
      CHECK(window.widest < 300);
      CHECK(caused.widest < 300);
    }
  }
}

}  // namespace
