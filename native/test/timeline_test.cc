#include "energy/timeline.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <thread>

#include "base/clock.h"
#include "test/check.h"

namespace {

using namespace mj;
using namespace mj::energy;

constexpr int64_t kMs = kNsPerMs;

Edge edge(int64_t n) { return {n * 100 * kMs, n * 100 * kMs + 5 * kMs, static_cast<double>(n)}; }

TEST("ring: gives the newest, says what was overwritten, and finds by order") {
  Ring<Edge> ring(8);
  for (int64_t n = 0; n < 20; ++n) ring.push(edge(n));
  CHECK_EQ(ring.end(), 20U);
  CHECK_EQ(ring.oldest(), 12U);
  std::vector<Edge> out;
  CHECK_EQ(ring.copy(10, 20, out), 2U);
  CHECK_EQ(out.size(), 8U);
  CHECK_EQ(out.front().joules, 12.0);
  CHECK_EQ(ring.partition_point([](const Edge& e) { return e.lo < 1'500 * kMs; }), 15U);
  CHECK_EQ(ring.partition_point([](const Edge&) { return true; }), 20U);
  CHECK_EQ(ring.partition_point([](const Edge&) { return false; }), 12U);
}

TEST("ring: a reader beside the writer never takes a torn value for a whole one") {
  Ring<Edge> ring(64);
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (int64_t n = 0; !stop; ++n) {
      ring.push({n, 2 * n, static_cast<double>(3 * n)});
      if (n % 256 == 0) std::this_thread::yield();
    }
  });
  size_t whole = 0;
  while (whole < 100'000) {
    std::vector<Edge> out;
    ring.copy(ring.oldest(), ring.end(), out);
    whole += out.size();
    const bool torn = std::any_of(out.begin(), out.end(), [](const Edge& value) {
      return value.hi != 2 * value.lo || value.joules != static_cast<double>(3 * value.lo);
    });
    if (!torn) continue;
    stop = true;
    writer.join();
    CHECK(!torn);
  }
  stop = true;
  writer.join();
}

TEST("timeline: edges of a range with their neighbours, and the newest joules") {
  EdgeTimeline timeline(10 * kNsPerSecond, 100 * kMs);
  CHECK(std::isnan(timeline.joules()));
  for (int64_t n = 0; n < 50; ++n) timeline.push(edge(n));
  CHECK_EQ(timeline.joules(), 49.0);
  CHECK_EQ(timeline.newest_lo(), 4'900 * kMs);
  const EdgeSnapshot snapshot = timeline.snapshot(1'020 * kMs, 1'280 * kMs, 2);
  CHECK_EQ(snapshot.edges.front().joules, 9.0);
  CHECK_EQ(snapshot.edges.back().joules, 14.0);
  CHECK(snapshot.faults.empty());
}

TEST("timeline: older edges are thinned to one a second, in order and without a gap to the full ones") {
  EdgeTimeline timeline(5 * kNsPerSecond, 100 * kMs);
  for (int64_t n = 0; n < 1'000; ++n) timeline.push(edge(n));
  const EdgeSnapshot old = timeline.snapshot(0, 99'900 * kMs, 1);
  CHECK_EQ(old.edges.front().joules, 0.0);
  CHECK_EQ(old.edges.back().joules, 999.0);
  for (size_t i = 1; i < old.edges.size(); ++i) {
    const double step = old.edges[i].joules - old.edges[i - 1].joules;
    CHECK(step > 0);
    CHECK(step <= 10);
  }
  CHECK_EQ(old.edges[1].joules, 10.0);
  CHECK(old.faults.empty());
  // A window in the thinned past keeps an edge on both sides.
  const EdgeSnapshot window = timeline.snapshot(20'150 * kMs, 21'250 * kMs, 1);
  CHECK(window.edges.front().hi < 20'150 * kMs);
  CHECK(window.edges.back().lo > 21'250 * kMs);
}

TEST(
    "timeline: of a counter read faster in windows the fast edges are kept for a while, the usual ones for all of the "
    "history") {
  EdgeTimeline timeline(120 * kNsPerSecond, 10 * kMs, 1 * kMs);
  const size_t bytes = timeline.bytes();
  const int64_t end = 200'000;
  for (int64_t n = 0; n < end; ++n) timeline.push({n * kMs, n * kMs + 1'000, static_cast<double>(n)});
  CHECK_EQ(timeline.bytes(), bytes);
  const EdgeSnapshot all = timeline.snapshot(0, end * kMs, 2);
  double widest_in[3] = {0, 0, 0};  // of the last 30 s, the last 120 s, before
  for (size_t i = 1; i < all.edges.size(); ++i) {
    const double step = all.edges[i].joules - all.edges[i - 1].joules;
    CHECK(step > 0);
    const int64_t age = (end * kMs - all.edges[i].lo) / kNsPerSecond;
    double& widest = widest_in[age < 30 ? 0 : (age < 119 ? 1 : 2)];
    widest = std::max(widest, step);
  }
  CHECK_EQ(widest_in[0], 1.0);
  CHECK(widest_in[1] > 1 && widest_in[1] <= 10);
  CHECK(widest_in[2] > 10 && widest_in[2] <= 1'000);
  // A window wholly in the middle level has its neighbours.
  const EdgeSnapshot window = timeline.snapshot(100'000 * kMs, 100'500 * kMs, 2);
  CHECK(window.edges[1].hi < 100'000 * kMs && window.edges[2].hi > 99'000 * kMs);
  CHECK(window.edges[window.edges.size() - 2].lo > 100'500 * kMs);
  CHECK(window.faults.empty());
}

TEST("timeline: a value that was still there follows its edge until the next one") {
  EdgeTimeline timeline(10 * kNsPerSecond, 100 * kMs);
  for (int64_t n = 0; n < 5; ++n) timeline.push(edge(n));
  timeline.hold({450 * kMs, 451 * kMs, 4});
  timeline.hold({550 * kMs, 551 * kMs, 4});
  CHECK_EQ(timeline.newest_lo(), 550 * kMs);
  CHECK_EQ(timeline.joules(), 4.0);
  const EdgeSnapshot held = timeline.snapshot(0, 1'000 * kMs, 1);
  CHECK_EQ(held.edges.size(), 6U);
  CHECK_EQ(held.edges[5].lo, 550 * kMs);
  CHECK_EQ(held.edges[5].joules, 4.0);
  CHECK_EQ(timeline.snapshot(0, 150 * kMs, 1).edges.size(), 3U);
  timeline.push(edge(6));
  CHECK_EQ(timeline.snapshot(0, 1'000 * kMs, 1).edges.size(), 6U);
}

TEST("timeline: what is gone from the thinned ring too is history lost; what never was is not") {
  EdgeTimeline timeline(1 * kNsPerSecond, 100 * kMs);
  for (int64_t n = 0; n < 150'000; ++n) timeline.push(edge(n));
  const EdgeSnapshot gone = timeline.snapshot(100 * kMs, 200'000 * kMs, 1);
  CHECK_EQ(gone.faults.size(), 1U);
  CHECK(gone.faults[0].fault == Fault::kHistoryLost);
  CHECK(timeline.snapshot(14'900'000 * kMs, 14'950'000 * kMs, 1).faults.empty());

  EdgeTimeline young(1 * kNsPerSecond, 100 * kMs);
  for (int64_t n = 100; n < 105; ++n) young.push(edge(n));
  CHECK(young.snapshot(0, 20'000 * kMs, 1).faults.empty());
}

TEST("timeline: faults between the edges of a range, ascending") {
  EdgeTimeline timeline(10 * kNsPerSecond, 100 * kMs);
  for (int64_t n = 0; n < 50; ++n) timeline.push(edge(n));
  timeline.push(FaultEvent{1'000 * kMs, Fault::kReset});
  timeline.push(FaultEvent{2'000 * kMs, Fault::kStuck});
  timeline.push(FaultEvent{4'000 * kMs, Fault::kLost});
  const auto faults = timeline.snapshot(900 * kMs, 2'500 * kMs, 1).faults;
  CHECK_EQ(faults.size(), 2U);
  CHECK(faults[0].fault == Fault::kReset);
  CHECK(faults[1].fault == Fault::kStuck);
}

TEST("timeline: power samples of a range and the highest ever") {
  PowerTimeline timeline(1 * kNsPerSecond, 20 * kMs);
  for (int64_t n = 0; n < 500; ++n) timeline.push({n * 20 * kMs, n * 20 * kMs, n == 3 ? 964.0 : 120.0});
  CHECK_EQ(timeline.peak_w(), 964.0);
  const auto samples = timeline.snapshot(9'500 * kMs, 9'600 * kMs);
  CHECK_EQ(samples.front().lo, 9'480 * kMs);
  CHECK_EQ(samples.back().lo, 9'620 * kMs);
}

}  // namespace
