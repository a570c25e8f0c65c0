#include "energy/path_model.h"

#include <cmath>

namespace mj::energy {

// dE = (I + W + X) dt, dX = -X/c dt + noise (Ornstein-Uhlenbeck), dS = (I + W + X - S)/s dt; noise enters X, and I by
// its wandering. A state's share of each is the integral of products of the responses to an impulse u ago:
//   of X: X exp(-u/c)   E c (1 - exp(-u/c))   S k (exp(-u/c) - exp(-u/s)), k = c / (c - s)
//   of I: I 1           E u                   S 1 - exp(-u/s)
PathStep path_step(const PathDynamics& dynamics, double step_s, double flutter_w) noexcept {
  const double c = dynamics.flutter_s;
  double s = dynamics.sensor_s;
  if (std::fabs(s - c) < 0.01 * c) s = 1.01 * c;  // the limit is the same, the formula is not
  const double gone = -std::expm1(-step_s / c);
  const double kept = 1 - gone;
  PathStep step;
  step.step_s = step_s;
  step.flutter_energy = c * gone;
  step.flutter_kept = kept;
  const double slope = dynamics.idle_slope_w_s;
  step.input[kIdle] = slope * step_s;
  step.input[kEnergy] = 0.5 * slope * step_s * step_s;

  const double density = 2 * flutter_w * flutter_w / c;
  const double drift = dynamics.idle_drift_w2_s;
  // Integrals over the step of exp(-u/c) and its square.
  const double c1 = c * gone;
  const double c2 = 0.5 * c * gone * (1 + kept);
  step.q[kFlutter][kFlutter] = density * c2;
  step.q[kFlutter][kEnergy] = density * c * (c1 - c2);
  step.q[kEnergy][kEnergy] = density * c * c * (step_s - 2 * c1 + c2) + drift * step_s * step_s * step_s / 3;
  step.q[kIdle][kIdle] = drift * step_s;
  step.q[kIdle][kEnergy] = drift * step_s * step_s / 2;
  if (s > 0) {
    const double sensed_gone = -std::expm1(-step_s / s);
    const double alpha = 1 - sensed_gone;
    const double k = c / (c - s);
    // And of exp(-u/s), its square, its product with exp(-u/c), and u exp(-u/s).
    const double s1 = s * sensed_gone;
    const double s2 = 0.5 * s * sensed_gone * (1 + alpha);
    const double cs = (gone + kept * sensed_gone) / (1 / c + 1 / s);
    const double ramp = s * s * sensed_gone - s * step_s * alpha;
    step.sensed_kept = alpha;
    step.sensed_power = sensed_gone;
    step.sensed_flutter = k * (kept - alpha);
    step.input[kSensed] = slope * (step_s - s * sensed_gone);
    step.q[kSensed][kFlutter] = density * k * (c2 - cs);
    step.q[kSensed][kIdle] = drift * (step_s - s1);
    step.q[kSensed][kSensed] = density * k * k * (c2 - 2 * cs + s2) + drift * (step_s - 2 * s1 + s2);
    step.q[kSensed][kEnergy] = density * k * c * (c1 - s1 - c2 + cs) + drift * (step_s * step_s / 2 - ramp);
  }
  for (size_t i = 0; i < kPathStates; ++i) {
    for (size_t j = 0; j < i; ++j) {
      const double both = step.q[i][j] + step.q[j][i];  // one of them was set
      step.q[i][j] = step.q[j][i] = both;
    }
  }
  return step;
}

void propagate(const PathStep& step, PathVector& mean, PathMatrix& covariance) noexcept {
  mean = step.apply(mean);
  for (size_t i = 0; i < kPathStates; ++i) mean[i] += step.input[i];
  // A covariance, then A (A covariance)', which is A covariance A'.
  PathMatrix half;
  for (size_t i = 0; i < kPathStates; ++i) half[i] = step.apply(covariance[i]);
  for (size_t i = 0; i < kPathStates; ++i) {
    PathVector column;
    for (size_t j = 0; j < kPathStates; ++j) column[j] = half[j][i];
    covariance[i] = step.apply(column);
    for (size_t j = 0; j < kPathStates; ++j) covariance[i][j] += step.q[i][j];
  }
  for (size_t i = 0; i < kPathStates; ++i) {
    for (size_t j = 0; j < i; ++j) covariance[j][i] = covariance[i][j];
  }
}

}  // namespace mj::energy
