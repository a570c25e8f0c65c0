#include "energy/steps.h"

#include <algorithm>
#include <cmath>

#include "base/clock.h"

namespace mj::energy {

namespace {

double seconds(int64_t ns) noexcept { return static_cast<double>(ns) / kNsPerSecond; }

// To first order in the brackets over the time between the steps.
StepPower power_between(const Edge& from, const Edge& to, double quantum_j) noexcept {
  const double joules = to.joules - from.joules;
  const double half_from = 0.5 * seconds(from.hi - from.lo);
  const double half_to = 0.5 * seconds(to.hi - to.lo);
  const double elapsed = seconds(to.lo - from.lo) + half_to - half_from;
  StepPower power;
  power.watts = joules / elapsed;
  const double by_timing = power.watts * rectangular_pair95(half_from, half_to) / elapsed;
  const double by_quantum = rectangular_pair95(0.5 * quantum_j, 0.5 * quantum_j) / elapsed;
  power.uncertainty = std::sqrt(by_timing * by_timing + by_quantum * by_quantum);
  return power;
}

}  // namespace

std::vector<StepPower> powers_between(Span<Edge> steps, double quantum_j) {
  std::vector<StepPower> powers;
  for (size_t i = 1; i < steps.size; ++i) powers.push_back(power_between(steps[i - 1], steps[i], quantum_j));
  return powers;
}

// The sum's density is a trapezoid: flat up to |a - b|, and from there down to 0 at a + b. Outside the flat part lies
// the share b/a, where b is the smaller one.
double rectangular_pair95(double a, double b) noexcept {
  constexpr double kOutside = 0.05;
  if (std::min(a, b) < kOutside * std::max(a, b)) return (1 - kOutside) * std::max(a, b);
  return a + b - 2 * std::sqrt(kOutside * a * b);
}

}  // namespace mj::energy
