#pragma once

// Power at a counter's own resolution: between one of its steps and the next. Pure functions over samples.
#include <vector>

#include "energy/samples.h"

namespace mj::energy {

struct StepPower {
  double watts = 0;
  double uncertainty = 0;  // half-width of the 95 % interval, W: from the brackets of both steps and the quantum
};

// One between each step and the next; none of fewer than two steps.
std::vector<StepPower> powers_between(Span<Edge> steps, double quantum_j);

// Half-width of the 95 % interval of the sum of two errors, rectangular with these half-widths.
double rectangular_pair95(double a, double b) noexcept;

}  // namespace mj::energy
