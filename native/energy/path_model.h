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

double dot(const PathVector& a, const PathVector& b) noexcept;
PathVector times(const PathMatrix& m, const PathVector& v) noexcept;
// m transposed times v.
PathVector transposed_times(const PathMatrix& m, const PathVector& v) noexcept;

struct PathDynamics {
  double sensor_s = 0;          // time constant of the sensor; 0: none
  double flutter_s = 0.010;     // correlation time of what fluctuates
  double idle_drift_w2_s = 10;  // idle power wanders: variance gained a second,
  double idle_slope_w_s = 0;    // about this slope
};

// x' = a x + input + noise of covariance q.
struct PathStep {
  PathMatrix a{};
  PathVector input{};
  PathMatrix q{};
};

// Exact for any step; `flutter_w` is the stationary standard deviation of what fluctuates.
PathStep path_step(const PathDynamics& dynamics, double step_s, double flutter_w) noexcept;

// cov <- a cov a' + q, kept symmetric.
void propagate(const PathStep& step, PathVector& mean, PathMatrix& covariance) noexcept;

}  // namespace mj::energy
