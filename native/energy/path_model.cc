#include "energy/path_model.h"

#include <cmath>

namespace mj::energy {

namespace {

// Integral of exp(-rate u) over [0, step].
double decay_integral(double rate, double step) noexcept { return rate > 0 ? -std::expm1(-rate * step) / rate : step; }

}  // namespace

double dot(const PathVector& a, const PathVector& b) noexcept {
  double sum = 0;
  for (size_t i = 0; i < kPathStates; ++i) sum += a[i] * b[i];
  return sum;
}

PathVector times(const PathMatrix& m, const PathVector& v) noexcept {
  PathVector out;
  for (size_t i = 0; i < kPathStates; ++i) out[i] = dot(m[i], v);
  return out;
}

PathVector transposed_times(const PathMatrix& m, const PathVector& v) noexcept {
  PathVector out{};
  for (size_t i = 0; i < kPathStates; ++i) {
    for (size_t j = 0; j < kPathStates; ++j) out[j] += m[i][j] * v[i];
  }
  return out;
}

// dE = (I + W + X) dt, dX = -X/c dt + noise (Ornstein-Uhlenbeck), dS = (I + W + X - S)/s dt; noise enters X, and I by
// its wandering. A state's share of each is the integral of products of the responses to an impulse u ago:
//   of X: X exp(-u/c)   E c (1 - exp(-u/c))   S k (exp(-u/c) - exp(-u/s)), k = c / (c - s)
//   of I: I 1           E u                   S 1 - exp(-u/s)
PathStep path_step(const PathDynamics& dynamics, double step_s, double flutter_w) noexcept {
  const double c = dynamics.flutter_s;
  double s = dynamics.sensor_s;
  if (std::fabs(s - c) < 0.01 * c) s = 1.01 * c;  // the limit is the same, the formula is not
  const double rho = std::exp(-step_s / c);
  PathStep step;
  step.a[kEnergy][kEnergy] = 1;
  step.a[kEnergy][kIdle] = step.a[kEnergy][kWork] = step_s;
  step.a[kEnergy][kFlutter] = c * (1 - rho);
  step.a[kIdle][kIdle] = step.a[kWork][kWork] = 1;
  step.a[kFlutter][kFlutter] = rho;

  const double slope = dynamics.idle_slope_w_s;
  step.input[kIdle] = slope * step_s;
  step.input[kEnergy] = 0.5 * slope * step_s * step_s;

  const double density = 2 * flutter_w * flutter_w / c;
  const double c1 = decay_integral(1 / c, step_s);
  const double c2 = decay_integral(2 / c, step_s);
  const double drift = dynamics.idle_drift_w2_s;
  step.q[kFlutter][kFlutter] = density * c2;
  step.q[kFlutter][kEnergy] = density * c * (c1 - c2);
  step.q[kEnergy][kEnergy] = density * c * c * (step_s - 2 * c1 + c2) + drift * step_s * step_s * step_s / 3;
  step.q[kIdle][kIdle] = drift * step_s;
  step.q[kIdle][kEnergy] = drift * step_s * step_s / 2;
  if (s > 0) {
    const double alpha = std::exp(-step_s / s);
    const double k = c / (c - s);
    const double s1 = decay_integral(1 / s, step_s);
    const double s2 = decay_integral(2 / s, step_s);
    const double cs = decay_integral(1 / c + 1 / s, step_s);
    step.a[kSensed][kSensed] = alpha;
    step.a[kSensed][kIdle] = step.a[kSensed][kWork] = 1 - alpha;
    step.a[kSensed][kFlutter] = k * (rho - alpha);
    step.input[kSensed] = slope * (step_s - s * (1 - alpha));
    const double ramp = s * s - (s * s + s * step_s) * alpha;  // integral of u exp(-u/s)
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
  mean = times(step.a, mean);
  for (size_t i = 0; i < kPathStates; ++i) mean[i] += step.input[i];
  PathMatrix half;  // covariance a', by its rows
  for (size_t i = 0; i < kPathStates; ++i) half[i] = times(step.a, covariance[i]);
  for (size_t i = 0; i < kPathStates; ++i) {
    for (size_t j = 0; j <= i; ++j) {
      double sum = step.q[i][j];
      for (size_t n = 0; n < kPathStates; ++n) sum += step.a[i][n] * half[n][j];
      covariance[i][j] = covariance[j][i] = sum;
    }
  }
}

}  // namespace mj::energy
