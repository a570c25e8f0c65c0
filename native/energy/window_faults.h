#pragma once

// Faults of a counter inside a window, and what can still be said across them.
#include <vector>

#include "energy/window_bounds.h"

namespace mj::energy {

Cause cause_of(Fault fault) noexcept;

// The fault that counts within [from, to]: the first that voids energies, or else the first of any kind.
Cause fault_within(const Span<FaultEvent>& faults, int64_t from, int64_t to) noexcept;

// Whether a figure with this cause has lost track of the counter's total.
bool voids_energy(Cause cause) noexcept;

struct EnergyBounds {
  double lo = 0;
  double hi = 0;  // infinite where the power has no known limit
};

// Energy in [a, b]: whole intervals of the counter without a fault count as they are, the rest by the limits of power.
EnergyBounds bounds_across_faults(const EdgeIndex& index, const Span<FaultEvent>& faults, int64_t a, int64_t b);

}  // namespace mj::energy
