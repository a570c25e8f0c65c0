#pragma once

// Energy counted from the values of a power sensor, for boards whose own counter cannot be read: a mean over W shown
// every T is a step of W times the mean, and where W is less than T, of the rest that nobody saw as well.
#include <cstdint>
#include <vector>

#include "energy/samples.h"

namespace mj::energy {

// How a sensor makes its values.
struct PowerKernel {
  int64_t period_ns = 0;     // from one value to the next
  int64_t averaging_ns = 0;  // each is the mean over so long before it was shown
  int64_t unplaced_ns = 0;   // it may be so much older still: the averaging is not known
  // The readings are the sensor's values with their stamps, of a filtered power as it was `lag_ns` before; else they
  // are polled, and a value that changes is a new one.
  bool stamped = false;
  int64_t lag_ns = 0;
  int64_t stamp_jitter_ns = 0;

  // Energy is told so often: a mean over longer than a period is taken once in its own length.
  [[nodiscard]] int64_t step_ns() const noexcept;
};

class PowerCounter {
 public:
  explicit PowerCounter(const PowerKernel& kernel) noexcept : kernel_(kernel) {}

  struct Outcome {
    bool has_edge = false;
    Edge edge{};
    FaultEvent fault{0, Fault::kNone};
  };
  // Readings in the order of time.
  Outcome observe(const PowerSample& reading) noexcept;

 private:
  Outcome observe_stamped(const PowerSample& reading) noexcept;
  Outcome observe_polled(const PowerSample& reading) noexcept;
  void update(int64_t lo, int64_t hi, int64_t at, double watts, Outcome& outcome) noexcept;

  const PowerKernel kernel_;
  bool started_ = false;
  bool placed_ = false;  // an update has been seen to come
  PowerSample last_{};   // reading
  int64_t updated_at_ = 0;
  int64_t edge_at_ = 0;
  double joules_ = 0;
  double pending_j_ = 0;  // since the last edge
};

// Of polled readings the first of each value, in the bracket in which the sensor came to show it.
std::vector<PowerSample> power_updates(const std::vector<PowerSample>& readings);

}  // namespace mj::energy
