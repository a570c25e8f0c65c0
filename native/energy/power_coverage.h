#pragma once

// What energy counted from a power sensor's values misses: power that no value saw. Of a counter: nothing.
#include <cstdint>
#include <vector>

#include "energy/window.h"

namespace mj::energy {

class PowerCoverage {
 public:
  explicit PowerCoverage(const CounterView& counter);

  // Whether there is anything of it.
  [[nodiscard]] bool partial() const noexcept { return !steps_.empty(); }

  // What unseen power did at random, J^2: neighbouring values tell how much it varies. Of the values on both
  // sides of an edge, the larger; of the energy from a to b, where a value's error may be all of the window's; and of
  // the energies of two windows, a1 to b1 and a2 to b2, which share it by their lengths.
  [[nodiscard]] double variance_at(int64_t edge) const noexcept;
  [[nodiscard]] double random_variance(int64_t a, int64_t b) const noexcept;
  [[nodiscard]] double random_covariance(int64_t a1, int64_t b1, int64_t a2, int64_t b2) const noexcept;

  // Time from a to b that no value is a mean of, s.
  [[nodiscard]] double unseen_s(int64_t a, int64_t b) const noexcept;

  // How far the energy of work that keeps step with the sensor may lie from what is counted of it. `net_j`: the energy
  // counted above `floor_w`, which the device takes at least.
  struct Reach {
    double below = 0;
    double above = 0;
  };
  [[nodiscard]] Reach locked(int64_t a, int64_t b, double net_j, double floor_w) const noexcept;
  // The same as a covariance, J^2.
  [[nodiscard]] double locked_covariance(int64_t a1, int64_t b1, int64_t a2, int64_t b2) const noexcept;

 private:
  // From one edge to the next, with the sums up to its end.
  struct Step {
    int64_t from = 0;
    int64_t to = 0;
    double watts = 0;
    double variance = 0;  // of its energy, J^2
    double unseen_s = 0;
    double variance_sum = 0;
    double unseen_sum_s = 0;
  };
  [[nodiscard]] const Step& step_at(int64_t t) const noexcept;
  // Of the sum up to t of what each step has.
  [[nodiscard]] double up_to(int64_t t, double Step::* own, double Step::* sum) const noexcept;

  std::vector<Step> steps_;
  PowerSight sight_;
  double period_s_ = 0;
  double most_w_ = 0;
};

}  // namespace mj::energy
