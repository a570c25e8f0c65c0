#pragma once

// How late a counter shows what was spent: a first-order filter and a delay, from the edges during bursts and shortly
// after them.
#include <vector>

#include "energy/calibration_bursts.h"

namespace mj::energy {

struct Response {
  double tau_s = 0;
  double tau_u_s = 0;  // standard uncertainties
  double delay_s = 0;
  double delay_u_s = 0;
};

// Powers and energies of a burst of unit power from 0 to `length_s`, as they are seen through the filter at `at_s`.
double shown_power(double at_s, double length_s, double tau_s) noexcept;
double shown_energy(double at_s, double length_s, double tau_s) noexcept;

// None where the edges cannot tell it.
std::optional<Response> find_response(const CounterView& counter, const std::vector<BurstKind>& kinds);

}  // namespace mj::energy
