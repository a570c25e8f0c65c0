#pragma once

// What is known of counters before they are calibrated on the user's machine.
#include "energy/window.h"

namespace mj::energy {

// nvmlDeviceGetTotalEnergyConsumption of a board; 0 W: not known.
CounterTraits nvml_board_traits(double power_limit_w, double highest_power_w) noexcept;

// The same counter, read back to back and not only around its updates.
CounterTraits read_densely(CounterTraits traits) noexcept;

// nvmlDeviceGetSamples(TOTAL_POWER), beside the counter of the same board.
SampleTraits nvml_ring_traits() noexcept;

// A RAPL energy register read by polling; `unit_j` is its step.
CounterTraits rapl_traits(double unit_j, double power_limit_w, double highest_power_w) noexcept;

}  // namespace mj::energy
