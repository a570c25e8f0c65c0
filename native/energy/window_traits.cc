#include "energy/window_traits.h"

#include <algorithm>
#include <cmath>

#include "base/clock.h"

namespace mj::energy {

namespace {

// A limit is no bound: [H100] 964 W in a 20 ms sample and 888 W over a whole interval of a board limited to 700 W.
double highest_possible(double limit_w, double seen_w) noexcept { return std::max(2 * limit_w, 1.2 * seen_w); }

// Samples 20 ms apart of a filter of 13 ms count a short effect 1.96 to 0.42 times, by its phase; of work that keeps
// step with them no more than 0.19 of the range of power too much, or too little.
constexpr PowerSight kRingSight = {0, 0.19, 1.96, 0.42};
constexpr double kValueNoiseW = 2;  // [H100] of a sample of the ring

}  // namespace

CounterTraits nvml_board_traits(double power_limit_w, double highest_power_w) noexcept {
  CounterTraits traits;
  traits.period_ns = 100'002 * 1000LL;  // [H100] all updates of four minutes on one grid of 100.002 ms
  traits.quantum_j = 1e-3;              // [doc] millijoules
  traits.max_power_w = highest_possible(power_limit_w, highest_power_w);
  traits.displacement_ns = 10 * kNsPerMs;  // [H100] with slow reads; neighbours anticorrelated, -0.4
  // [H100] after bursts of 5 and 20 ms the counter still receives 44 % and 29 % of their energy 5 ms after their end
  // and halves it each 10 ms; 0.2 % is left after 50 ms. An e-fold of 13 ms, as of the sample ring.
  traits.decay_ns = 65 * kNsPerMs;
  traits.sensor_u = 0.2;          // [assumed]
  traits.mark_delay_ns = 50'000;  // assumed: launch and synchronisation, some 10 us on idle machines
  // [H100] read around its updates only, the counter adds up samples that lie 20 ms apart: bursts of 5 ms scatter by 42
  // % with their phase in these 20 ms (from 1.7 to 4.4 J), of 20 ms by 9.7 %, of 100 ms by 2.7 %.
  traits.phase_sensitivity = 1.6;
  traits.phase_reach_ns = 6 * kNsPerMs;
  // [H100] Each reading makes it add up a sample more: bursts of 5, 20 and 100 ms scatter by 25, 8.2 and 3.1 %.
  traits.dense_phase_sensitivity = 0.65;
  traits.dense_phase_reach_ns = 12 * kNsPerMs;
  traits.grid_jitter_ns = 450'000;  // [H100] residual of all updates about one grid, none beyond 1 ms
  traits.idle_noise_w = 2.6;        // [H100] 1.2 W over 100 ms
  return traits;
}

CounterTraits read_densely(CounterTraits traits) noexcept {
  traits.phase_sensitivity = traits.dense_phase_sensitivity;
  traits.phase_reach_ns = traits.dense_phase_reach_ns;
  return traits;
}

SampleTraits nvml_ring_traits() noexcept {
  SampleTraits traits;
  traits.lag_ns = 3 * kNsPerMs;           // [H100] centroid 14 to 20 ms late, 13 ms of it the filter's
  traits.noise_w = 2;                     // [H100]
  traits.gain_u = 0.005;                  // [H100] counter/ring 1.0047
  traits.stamp_jitter_ns = 2 * kNsPerMs;  // [H100] a fifth of the stamps lie more than 4 ms off their lattice
  return traits;
}

PowerKernel nvml_ring_kernel() noexcept {
  const SampleTraits sample = nvml_ring_traits();
  PowerKernel kernel;
  kernel.stamped = true;
  kernel.period_ns = kernel.averaging_ns = 20 * kNsPerMs;
  kernel.lag_ns = sample.lag_ns;
  // Half the width of a rectangle of the stamps' standard deviation.
  kernel.stamp_jitter_ns = static_cast<int64_t>(std::sqrt(3.0) * static_cast<double>(sample.stamp_jitter_ns));
  return kernel;
}

CounterTraits integrated_traits(const PowerKernel& kernel, double power_limit_w) noexcept {
  CounterTraits traits = nvml_board_traits(power_limit_w, 0);
  traits.period_ns = kernel.step_ns();
  traits.sight = kernel.stamped ? kRingSight : PowerSight{};
  traits.sight.noise_w = kValueNoiseW;
  if (!kernel.stamped && kernel.averaging_ns < kernel.period_ns) {
    const double seen = static_cast<double>(kernel.averaging_ns) / static_cast<double>(kernel.period_ns);
    traits.sight.blind = 1 - seen;
    traits.sight.most = 1 / seen;
    traits.sight.least = 0;
  }
  traits.quantum_j *= static_cast<double>(traits.period_ns) / kNsPerSecond;  // milliwatts
  traits.displacement_ns = 0;
  traits.grid_jitter_ns = 0;
  // The ring is what the H100's counter adds up, with its filter and its 20 ms between samples.
  if (kernel.stamped) return traits;
  traits.decay_ns = 0;
  traits.phase_sensitivity = 0;
  traits.phase_reach_ns = 0;
  return traits;
}

SampleTraits instant_traits(const PowerKernel& kernel, int64_t sensor_ns) noexcept {
  SampleTraits traits = nvml_ring_traits();
  // A mean is late by half of what it is taken over, and what is sensed by the sensor's time constant.
  traits.lag_ns = kernel.averaging_ns / 2 - sensor_ns;
  // What changes between two values does so anywhere between them.
  traits.stamp_jitter_ns = static_cast<int64_t>(static_cast<double>(kernel.period_ns) / std::sqrt(6.0));
  return traits;
}

CounterTraits rapl_traits(double unit_j, double power_limit_w, double highest_power_w) noexcept {
  CounterTraits traits;
  traits.period_ns = kNsPerMs;  // [F] 0.997 ms
  traits.quantum_j = unit_j;
  traits.max_power_w = highest_possible(power_limit_w, highest_power_w);
  traits.displacement_ns = kNsPerMs;  // [P: Khan et al. 2018] domains move up to 1 ms apart
  traits.decay_ns = 0;                // the register integrates the package's own estimate, without a sensor's filter
  traits.mark_delay_ns = 1000;        // a work item starts on the thread that takes the mark
  return traits;
}

}  // namespace mj::energy
