#pragma once

// What a meter remembers: rings of fixed size, one writer each (the sampler's thread), read by anybody.
#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/latest.h"
#include "base/ring.h"
#include "energy/samples.h"

namespace mj::energy {

// What a reader copied out of a timeline.
struct EdgeSnapshot {
  std::vector<Edge> edges;
  std::vector<FaultEvent> faults;  // ascending
};

// Edges of one counter, in memory fixed at the start: every one for the recent past, one a second for the hours before.
// Of a counter that is read more often while a window is open, every edge of the last 30 s of such reading (and of as
// many edges, whenever they were read), and for all of the history those that its usual period would have given.
class EdgeTimeline {
 public:
  // How far back one edge a second is kept, whatever the history.
  static constexpr int64_t kThinnedForNs = int64_t{4} * 3600 * kNsPerSecond;

  // `window_period_ns` 0: never read more often than usual.
  EdgeTimeline(int64_t history_ns, int64_t shortest_period_ns, int64_t window_period_ns = 0);

  void push(const Edge& edge) noexcept;
  void push(const FaultEvent& fault) noexcept { faults_.push(fault); }
  // The newest edge's value was still there. Kept until the next one.
  void hold(const Edge& hold) noexcept;

  // Joules since the first edge; NaN before it. One atomic load.
  [[nodiscard]] double joules() const noexcept { return joules_.load(std::memory_order_relaxed); }
  // Start of the bracket of the newest edge or hold; the smallest int64 before the first.
  [[nodiscard]] int64_t newest_lo() const noexcept { return newest_lo_.load(std::memory_order_acquire); }

  // The edges that meet [from, to] and `beside` more on each side, with the faults in the same range; behind the newest
  // edge the hold since, if there is one.
  // Edges that are gone although they were once there are reported as a kHistoryLost at `from`.
  [[nodiscard]] EdgeSnapshot snapshot(int64_t from, int64_t to, size_t beside) const;

  [[nodiscard]] size_t bytes() const noexcept;

 private:
  // One edge each `every_ns`.
  struct Level {
    Level(size_t capacity, int64_t every) : edges(capacity), every_ns(every) {}
    Ring<Edge> edges;
    const int64_t every_ns;
    int64_t last_lo = std::numeric_limits<int64_t>::min();
  };
  [[nodiscard]] std::vector<Edge> edges_between(int64_t from, int64_t to, size_t beside, uint64_t& lost) const;
  void append_hold(std::vector<Edge>& edges) const;

  std::vector<std::unique_ptr<Level>> levels_;  // finest first
  Latest<Edge> held_;
  Ring<FaultEvent> faults_;
  std::atomic<double> joules_{std::numeric_limits<double>::quiet_NaN()};
  std::atomic<int64_t> newest_lo_{std::numeric_limits<int64_t>::min()};
};

// Power readings of one sensor.
class PowerTimeline {
 public:
  PowerTimeline(int64_t history_ns, int64_t period_ns);

  void push(const PowerSample& sample) noexcept;

  // The highest reading ever seen, W.
  [[nodiscard]] double peak_w() const noexcept { return peak_w_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::vector<PowerSample> snapshot(int64_t from, int64_t to) const;
  [[nodiscard]] size_t bytes() const noexcept { return samples_.bytes(); }

 private:
  Ring<PowerSample> samples_;
  std::atomic<double> peak_w_{0};
};

}  // namespace mj::energy
