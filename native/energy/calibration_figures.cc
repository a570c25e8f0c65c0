#include "energy/calibration_figures.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "energy/window_bounds.h"

namespace mj::energy {

namespace {

int64_t whole(double ns) noexcept { return static_cast<int64_t>(std::llround(ns)); }

}  // namespace

void apply_calibration(const Calibration& calibration, CounterTraits& traits) noexcept {
  traits.period_ns = whole(calibration.period_ns);
  traits.grid_jitter_ns = whole(calibration.grid_jitter_ns);
  traits.quantum_j = calibration.quantum_j;
  traits.decay_ns = whole(kDecayEfolds * calibration.time_constant_ns);
  traits.sensor_u = calibration.time_constant_u;
  // Launch and synchronisation are known before; the rest is the counter's.
  traits.counter_delay_ns = std::max<int64_t>(0, whole(calibration.mark_delay_ns) - traits.mark_delay_ns);
  traits.phase_sensitivity = calibration.phase_sensitivity;
  traits.phase_reach_ns = whole(calibration.phase_reach_ns);
  if (std::isfinite(calibration.dense_phase_sensitivity) && std::isfinite(calibration.dense_phase_reach_ns)) {
    traits.dense_phase_sensitivity = calibration.dense_phase_sensitivity;
    traits.dense_phase_reach_ns = whole(calibration.dense_phase_reach_ns);
  }
  traits.displacement_ns = whole(calibration.displacement_ns);
  traits.idle_noise_w = calibration.idle_noise_w;
}

void apply_calibration(const RingCalibration& ring, SampleTraits& traits) noexcept {
  traits.lag_ns = whole(ring.lag_ns);
  traits.noise_w = ring.noise_w;
  traits.gain = ring.gain;
  traits.gain_u = ring.gain_u;
  traits.stamp_jitter_ns = whole(ring.stamp_jitter_ns);
}

std::string fingerprint(const Calibration& calibration) {
  const Calibration& c = calibration;
  const RingCalibration ring = c.ring.value_or(RingCalibration{});
  std::string out = c.uuid + (c.ring ? '+' : '-');
  for (const double value :
       {c.period_ns, c.grid_jitter_ns, c.quantum_j, c.time_constant_ns, c.time_constant_u, c.mark_delay_ns,
        c.phase_sensitivity, c.phase_reach_ns, c.dense_phase_sensitivity, c.dense_phase_reach_ns, c.displacement_ns,
        c.idle_noise_w, ring.lag_ns, ring.noise_w, ring.gain, ring.gain_u, ring.stamp_jitter_ns}) {
    char text[32];
    std::snprintf(text, sizeof text, " %.17g", value);
    out += text;
  }
  return out;
}

}  // namespace mj::energy
