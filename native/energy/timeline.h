#pragma once

// What a meter remembers: rings of fixed size, one writer each (the sampler's thread), read by anybody.
#include <atomic>
#include <cstdint>
#include <limits>
#include <vector>

#include "base/ring.h"
#include "energy/samples.h"

namespace mj::energy {

// What a reader copied out of a timeline.
struct EdgeSnapshot {
  std::vector<Edge> edges;
  std::vector<FaultEvent> faults;  // ascending
};

// Edges of one counter: every one for the recent past, one a second for the hours before.
class EdgeTimeline {
 public:
  EdgeTimeline(int64_t history_ns, int64_t shortest_period_ns);

  void push(const Edge& edge) noexcept;
  void push(const FaultEvent& fault) noexcept { faults_.push(fault); }

  // Joules since the first edge; NaN before it. One atomic load.
  [[nodiscard]] double joules() const noexcept { return joules_.load(std::memory_order_relaxed); }
  // Start of the newest edge's bracket; the smallest int64 before the first.
  [[nodiscard]] int64_t newest_lo() const noexcept { return newest_lo_.load(std::memory_order_acquire); }

  // The edges that meet [from, to] and `beside` more on each side, with the faults in the same range.
  // Edges that are gone although they were once there are reported as a kHistoryLost at `from`.
  [[nodiscard]] EdgeSnapshot snapshot(int64_t from, int64_t to, size_t beside) const;

  [[nodiscard]] size_t bytes() const noexcept { return recent_.bytes() + thinned_.bytes() + faults_.bytes(); }

 private:
  Ring<Edge> recent_;
  Ring<Edge> thinned_;
  Ring<FaultEvent> faults_;
  int64_t last_thinned_ = std::numeric_limits<int64_t>::min();
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
