#include "energy/edge_predictor.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "energy/counter_tracker.h"
#include "test/check.h"

namespace {

using namespace mj;
using namespace mj::energy;

constexpr double kMs = 1e6;

// A counter on a grid, read through calls of scripted length; no clock but the one it carries.
struct Scripted {
  double period = 100.002 * kMs;
  double phase = 37 * kMs;
  double jitter_sd = 0.3 * kMs;
  double call = 2.7 * kMs;
  double tail = 15 * kMs;
  int tail_every = 50;
  double late_sd = 0.1 * kMs;  // of the thread's waking
  double stuck_from = 1e300;
  int64_t now = 0;
  std::mt19937_64 random{7};  // NOLINT(bugprone-random-generator-seed): tests repeat
  uint64_t calls = 0;

  // The update that a read at t sees; its true instant is jittered by a hash of its number.
  [[nodiscard]] double edge_at(int64_t n) const {
    std::mt19937_64 hash(static_cast<uint64_t>(n) * 2654435761U + 1);
    std::normal_distribution<double> jitter(0, jitter_sd);
    return phase + static_cast<double>(n) * period + std::clamp(jitter(hash), -3 * jitter_sd, 3 * jitter_sd);
  }
  [[nodiscard]] int64_t number_at(double t) const {
    t = std::min(t, stuck_from);
    auto n = static_cast<int64_t>(std::floor((t - phase) / period)) + 1;
    while (edge_at(n) > t) --n;
    return n;
  }

  struct Read {
    int64_t before;
    int64_t after;
    int64_t number;
  };
  Read read(int64_t scheduled) {
    std::normal_distribution<double> late(0, late_sd);
    std::uniform_real_distribution<double> part(0, 1);
    now = std::max(now, scheduled) + static_cast<int64_t>(std::fabs(late(random)));
    const double takes = ++calls % static_cast<uint64_t>(tail_every) == 0 ? tail : call;
    const int64_t before = now;
    const double at = static_cast<double>(now) + takes * part(random);
    now += static_cast<int64_t>(takes);
    return {before, now, number_at(at)};
  }
};

struct Bracket {
  double width;
  bool holds;
};

struct Run {
  std::vector<Bracket> brackets;
  uint64_t reads = 0;
};

// What a sampler does, without its thread.
Run run(Scripted& counter, EdgePredictor& predictor, CounterTracker& tracker, double until) {
  Run result;
  while (static_cast<double>(counter.now) < until) {
    const auto read = counter.read(predictor.next_read());
    ++result.reads;
    const auto outcome = tracker.observe(read.before, read.after, static_cast<uint64_t>(read.number + 1'000));
    predictor.observe(read.before, read.after, outcome.changed, outcome.edge.lo);
    if (!outcome.has_edge) continue;
    const double truth = counter.edge_at(read.number);
    result.brackets.push_back(
        {static_cast<double>(outcome.edge.hi - outcome.edge.lo),
         truth >= static_cast<double>(outcome.edge.lo) && truth <= static_cast<double>(outcome.edge.hi)});
  }
  return result;
}

CounterTracker tracker() { return CounterTracker({1, 0, 0, 0}); }

double median_width(const Run& run) {
  std::vector<double> widths;
  widths.reserve(run.brackets.size());
  for (const Bracket& bracket : run.brackets) widths.push_back(bracket.width);
  std::nth_element(widths.begin(), widths.begin() + static_cast<ptrdiff_t>(widths.size() / 2), widths.end());
  return widths[widths.size() / 2];
}

bool all_hold(const Run& run) {
  return std::all_of(run.brackets.begin(), run.brackets.end(), [](const Bracket& b) { return b.holds; });
}

TEST(
    "edge predictor: two calls an edge once the grid is known, narrow brackets that all hold their edge, and the true "
    "period") {
  Scripted counter;
  EdgePredictor predictor(100'000'000);
  CounterTracker tracked = tracker();
  run(counter, predictor, tracked, 10'000 * kMs);
  CHECK(predictor.tracking());
  const Run steady = run(counter, predictor, tracked, 130'000 * kMs);
  CHECK(all_hold(steady));
  CHECK(steady.brackets.size() >= 1190);
  CHECK(static_cast<double>(steady.reads) <= 2.05 * static_cast<double>(steady.brackets.size()));
  CHECK(median_width(steady) < 10 * kMs);
  CHECK_NEAR(static_cast<double>(predictor.period_ns()), counter.period, 0.01 * kMs);
}

TEST("edge predictor: learns a period that is not the nominal one") {
  for (const double period : {20.0, 33.3, 97.0, 160.0}) {
    Scripted counter;
    counter.period = period * kMs;
    counter.call = 0.05 * kMs;
    counter.tail = 1 * kMs;
    EdgePredictor predictor(100'000'000);
    CounterTracker tracked = tracker();
    const Run all = run(counter, predictor, tracked, 20'000 * kMs);
    CHECK(all_hold(all));
    CHECK_NEAR(static_cast<double>(predictor.period_ns()), counter.period, 0.05 * kMs);
    CHECK(static_cast<double>(all.brackets.size()) > 0.97 * 20'000 / period);
  }
}

TEST("edge predictor: a late call widens a bracket and spoils nothing after it") {
  Scripted counter;
  EdgePredictor predictor(100'000'000);
  CounterTracker tracked = tracker();
  run(counter, predictor, tracked, 3'000 * kMs);
  counter.now += static_cast<int64_t>(270 * kMs);  // the thread was not run for a while
  const Run after = run(counter, predictor, tracked, 6'000 * kMs);
  CHECK(all_hold(after));
  CHECK(after.brackets.front().width > 150 * kMs);
  CHECK(median_width(after) < 10 * kMs);
  CHECK(predictor.missed() >= 2);
}

TEST("edge predictor: finds the grid again when it moves") {
  Scripted counter;
  EdgePredictor predictor(100'000'000);
  CounterTracker tracked = tracker();
  run(counter, predictor, tracked, 5'000 * kMs);
  counter.phase += 43 * kMs;
  run(counter, predictor, tracked, 8'000 * kMs);
  const Run after = run(counter, predictor, tracked, 12'000 * kMs);
  CHECK(predictor.tracking());
  CHECK(all_hold(after));
  CHECK(median_width(after) < 12 * kMs);
}

TEST("edge predictor: a counter that stands still is not polled without pause") {
  Scripted counter;
  counter.stuck_from = 5'000 * kMs;
  EdgePredictor predictor(100'000'000);
  CounterTracker tracked = tracker();
  run(counter, predictor, tracked, 6'000 * kMs);
  const Run still = run(counter, predictor, tracked, 26'000 * kMs);
  CHECK(still.brackets.empty());
  CHECK(still.reads <= 20 * 10 * 4 + 10);
  counter.stuck_from = 1e300;
  Run moving = run(counter, predictor, tracked, 36'000 * kMs);
  moving.brackets.erase(moving.brackets.begin());  // it jumped when the script let it go, off its grid
  CHECK(all_hold(moving));
  CHECK(median_width(moving) < 10 * kMs);
}

TEST("edge predictor: after a pause the grid is used again if it can still be known, else looked for") {
  for (const double pause_ms : {1'700.0, 3'600'000.0}) {
    Scripted counter;
    EdgePredictor predictor(100'000'000);
    CounterTracker tracked = tracker();
    run(counter, predictor, tracked, 10'000 * kMs);
    counter.now += static_cast<int64_t>(pause_ms * kMs);
    predictor.resume(counter.now);
    const double from = static_cast<double>(counter.now);
    const Run after = run(counter, predictor, tracked, from + 3'000 * kMs);
    CHECK(all_hold(after));
    CHECK(after.brackets.size() >= 29);
    CHECK(median_width(after) < 12 * kMs);
  }
}

}  // namespace
