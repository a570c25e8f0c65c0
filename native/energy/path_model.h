#pragma once

// The power of a device as a random path, and its exact law over any step of time. Method: docs/uncertainty.md.
#include <array>
#include <cstddef>

namespace mj::energy {

// What is followed: energy so far, idle power, the level of work above it, what fluctuates about that level, and what a
// first-order sensor lets through of all of it.
enum PathState : size_t { kEnergy, kIdle, kWork, kFlutter, kSensed, kPathStates };

using PathVector = std::array<double, kPathStates>;
using PathMatrix = std::array<PathVector, kPathStates>;  // [row][column]

inline double dot(const PathVector& a, const PathVector& b) noexcept {
  double sum = 0;
  for (size_t i = 0; i < kPathStates; ++i) sum += a[i] * b[i];
  return sum;
}

inline PathVector times(const PathMatrix& m, const PathVector& v) noexcept {
  PathVector out;
  for (size_t i = 0; i < kPathStates; ++i) out[i] = dot(m[i], v);
  return out;
}

struct PathDynamics {
  double sensor_s = 0;          // time constant of the sensor; 0: none
  double flutter_s = 0.010;     // correlation time of what fluctuates
  double idle_drift_w2_s = 10;  // idle power wanders: variance gained a second,
  double idle_slope_w_s = 0;    // about this slope
};

// x' = A x + input + noise of covariance q. Of A only what is neither 0 nor 1 is kept, and products know where.
struct PathStep {
  double step_s = 0;          // of idle and work in energy
  double flutter_energy = 0;  // of flutter in energy
  double flutter_kept = 1;
  double sensed_kept = 1;
  double sensed_power = 0;  // of idle and work in what is sensed
  double sensed_flutter = 0;
  PathVector input{};
  PathMatrix q{};

  [[nodiscard]] PathVector apply(const PathVector& x) const noexcept {
    const double level = x[kIdle] + x[kWork];
    return {x[kEnergy] + step_s * level + flutter_energy * x[kFlutter], x[kIdle], x[kWork], flutter_kept * x[kFlutter],
            sensed_power * level + sensed_flutter * x[kFlutter] + sensed_kept * x[kSensed]};
  }
  // With A transposed.
  [[nodiscard]] PathVector apply_transposed(const PathVector& x) const noexcept {
    const double level = step_s * x[kEnergy] + sensed_power * x[kSensed];
    return {x[kEnergy], x[kIdle] + level, x[kWork] + level,
            flutter_energy * x[kEnergy] + flutter_kept * x[kFlutter] + sensed_flutter * x[kSensed],
            sensed_kept * x[kSensed]};
  }
};

// Exact for any step; `flutter_w` is the stationary standard deviation of what fluctuates.
PathStep path_step(const PathDynamics& dynamics, double step_s, double flutter_w) noexcept;

// covariance <- A covariance A' + q, kept symmetric.
void propagate(const PathStep& step, PathVector& mean, PathMatrix& covariance) noexcept;

}  // namespace mj::energy
