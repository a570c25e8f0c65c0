#pragma once

#include <cstdint>

#include "base/clock.h"

namespace mj::energy {

// When to read a slow counter so that two calls bracket each of its updates. It finds the first updates by polling,
// then follows their grid with a Kalman filter over phase and period (two states, scalar measurements).
// Pure: time comes in with the readings.
class EdgePredictor {
 public:
  explicit EdgePredictor(int64_t nominal_period_ns);

  // Start of the next read; a time already past means at once.
  [[nodiscard]] int64_t next_read() const noexcept { return next_read_; }

  // A read started at t_before and ended at t_after; `changed`: it gave a new value, of an update in
  // [bracket_lo, t_after].
  void observe(int64_t t_before, int64_t t_after, bool changed, int64_t bracket_lo) noexcept;

  // Reading starts again after a pause (or for the first time).
  void resume(int64_t now) noexcept;

  [[nodiscard]] bool tracking() const noexcept { return mode_ == Mode::kTrack; }
  [[nodiscard]] int64_t period_ns() const noexcept { return static_cast<int64_t>(period_); }
  [[nodiscard]] double period_u_ns() const noexcept;  // standard uncertainty
  // Half of the time kept free on both sides of a predicted edge.
  [[nodiscard]] int64_t guard_ns() const noexcept { return static_cast<int64_t>(guard_); }
  // Updates that no bracket of their own was found for.
  [[nodiscard]] uint64_t missed() const noexcept { return missed_; }

 private:
  enum class Mode : uint8_t { kFindFirst, kFindSecond, kTrack };

  void acquire(int64_t at, Mode mode) noexcept;
  void poll_again(int64_t t_before, int64_t t_after) noexcept;
  void plan() noexcept;
  void begin_tracking(double edge, double sd, double covariance) noexcept;
  void not_yet(int64_t t_before, int64_t t_after) noexcept;
  void found(double lo, double hi) noexcept;
  void correct(double residual, double variance) noexcept;

  Mode mode_ = Mode::kFindFirst;
  const double nominal_;
  int64_t next_read_ = 0;
  int64_t polling_since_ = 0;
  bool before_edge_ = false;  // a read close to the predicted edge has given the old value
  bool searching_ = false;    // reads follow one another until the edge is found
  double call_ = 0;           // typical length of a call

  // Of the newest update on the grid.
  double edge_ = 0;
  double period_;
  double edge_variance_ = 0;
  double covariance_ = 0;
  double period_variance_ = 0;
  bool period_known_ = false;
  double guard_ = 0;
  int outside_ = 0;  // updates in a row that contradicted the prediction
  uint64_t missed_ = 0;
};

}  // namespace mj::energy
