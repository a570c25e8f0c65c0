#pragma once

#include <cstdint>

#include "energy/counter_rules.h"

namespace mj::energy {

// Turns raw reads of one cumulative counter into edges and faults. Pure: the reads bring their own times.
class CounterTracker {
 public:
  struct Outcome {
    bool changed = false;
    bool has_edge = false;
    bool has_hold = false;
    Edge edge{};
    // The counter still had the value of the edge before this one. Alone, it is the newest that is known; together with
    // `edge` it lies before it, and tells that the energy between them came late.
    Edge hold{};
    FaultEvent fault{0, Fault::kNone};
  };

  explicit CounterTracker(const CounterRules& rules) : rules_(rules) {}

  Outcome observe(int64_t t_before, int64_t t_after, uint64_t raw) noexcept;
  // Nobody looks for a while: standing still is no fault until the next read.
  void pause() noexcept { watched_ = false; }

  // What the last read showed.
  [[nodiscard]] const CounterPoint& point() const noexcept { return point_; }
  // The highest mean power over `peak_over_ns`, W; 0: none yet.
  [[nodiscard]] double peak_w() const noexcept { return peak_w_; }

 private:
  void start(int64_t t_before, int64_t t_after, uint64_t raw, Outcome& outcome) noexcept;
  void unchanged(int64_t t_before, int64_t t_after, Outcome& outcome) noexcept;
  void changed(int64_t t_before, int64_t t_after, uint64_t raw, Outcome& outcome) noexcept;
  void learn_peak(const Edge& edge, bool faulty) noexcept;

  const CounterRules rules_;
  bool started_ = false;
  bool watched_ = false;
  bool has_origin_ = false;
  bool stuck_ = false;
  CounterPoint point_;
  Edge edge_{};                  // the last one
  Edge hold_{};                  // the last one since; its hi is 0 where there is none
  int64_t last_before_ = 0;      // start of the last read
  int64_t unchanged_since_ = 0;  // or since the last report of standing still
  Edge peak_from_{};
  double peak_w_ = 0;
};

}  // namespace mj::energy
