#pragma once

// What is known of counters before they are calibrated on the user's machine.
#include "energy/power_counter.h"
#include "energy/window.h"

namespace mj::energy {

// nvmlDeviceGetTotalEnergyConsumption of a board; 0 W: not known.
CounterTraits nvml_board_traits(double power_limit_w, double highest_power_w) noexcept;

// The same counter, read back to back and not only around its updates.
CounterTraits read_densely(CounterTraits traits) noexcept;

// nvmlDeviceGetSamples(TOTAL_POWER), beside the counter of the same board.
SampleTraits nvml_ring_traits() noexcept;

// The same ring, where energy is counted from it.
PowerKernel nvml_ring_kernel() noexcept;

// Energy counted from the values of such a sensor of a board; 0 W: not known.
CounterTraits integrated_traits(const PowerKernel& kernel, double power_limit_w) noexcept;

// Field 186 beside the counter of the same board, whose sensor has the time constant `sensor_ns` (0: none).
SampleTraits instant_traits(const PowerKernel& kernel, int64_t sensor_ns) noexcept;

// A RAPL energy register read by polling; `unit_j` is its step.
CounterTraits rapl_traits(double unit_j, double power_limit_w, double highest_power_w) noexcept;

}  // namespace mj::energy
