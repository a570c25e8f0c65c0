#include "energy/f_distribution.h"

#include <cmath>
#include <limits>

namespace mj::energy {

namespace {

// Not std::lgamma, which writes the sign to a variable that all threads share.
double log_gamma(double x) noexcept {
  int sign = 0;
  return lgamma_r(x, &sign);
}

// Continued fraction of the incomplete beta function by Lentz's method (NIST Digital Library of Mathematical Functions,
// 8.17.22); converges fast for x < (a + 1) / (a + b + 2).
double beta_fraction(double x, double a, double b) noexcept {
  constexpr double kTiny = 1e-300;
  constexpr int kMostSteps = 10'000;
  const auto away_from_zero = [](double value) { return std::fabs(value) < kTiny ? kTiny : value; };
  double c = 1;
  double d = 1 / away_from_zero(1 - (a + b) * x / (a + 1));
  double fraction = d;
  for (int m = 1; m < kMostSteps; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away_from_zero(1 + even * d);
    c = away_from_zero(1 + even / c);
    fraction *= c * d;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away_from_zero(1 + odd * d);
    c = away_from_zero(1 + odd / c);
    const double step = c * d;
    fraction *= step;
    if (std::fabs(step - 1) < std::numeric_limits<double>::epsilon()) break;
  }
  return fraction;
}

double incomplete_beta(double x, double a, double b) noexcept {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const double front = std::exp(a * std::log(x) + b * std::log1p(-x) - log_gamma(a) - log_gamma(b) + log_gamma(a + b));
  if (x < (a + 1) / (a + b + 2)) return front * beta_fraction(x, a, b) / a;
  return 1 - front * beta_fraction(1 - x, b, a) / b;
}

}  // namespace

double f_tail(double f, double degrees_between, double degrees_within) noexcept {
  if (!(f > 0)) return 1;
  return incomplete_beta(degrees_within / (degrees_within + degrees_between * f), degrees_within / 2,
                         degrees_between / 2);
}

}  // namespace mj::energy
