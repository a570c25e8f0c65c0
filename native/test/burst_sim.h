#pragma once

// One burst of work in an idle device: the workloads on which the estimator is scored.
#include <optional>

#include "energy/window.h"
#include "energy/window_bounds.h"
#include "energy/window_traits.h"
#include "test/counter_sim.h"

namespace mj::test {

// Two are not asked for their `caused` energy: work of ours goes on around the window, and no quiet is
// declared.
enum class Load : uint8_t { kFlat, kSquare, kSlowRise, kIdleDrift, kNeighbours, kTwoBursts, kInside, kLocked, kCount };

inline bool quiet_around(Load load) { return load != Load::kTwoBursts && load != Load::kInside; }

inline const char* load_name(Load load) {
  constexpr const char* kNames[] = {"flat",       "square wave", "slow rise",     "idle drift",
                                    "neighbours", "two bursts",  "inside a load", "in step"};
  return kNames[static_cast<size_t>(load)];
}

struct BurstSpec {
  CounterSpec counter;
  bool has_ring = false;
  RingSpec ring;
  // Without a counter: energy is counted from the ring, or from a sensor that is polled; `beside`: one beside
  // the counter.
  bool from_ring = false;
  std::optional<PowerSpec> from_power;
  std::optional<PowerSpec> beside;
  energy::CounterTraits traits;
  Load load = Load::kFlat;
  double length_ms = 100;
  double idle_w = 118;
  double idle_noise_w = 2.6;  // of each 20 ms: 1.2 W over 100 ms, as measured
  double excess_w = 482;
  double quiet_ms = 1000;
  double tau_ms = 0;           // of the sensor in front of the counter
  double phase_amplitude = 0;  // of what the counter makes of a very short burst, over its phase
  double gain_error = 0;       // half-width of the board's own, one for all that it shows
};

struct Burst {
  std::vector<energy::Edge> edges;
  std::vector<energy::PowerSample> samples;
  energy::SampleTraits sample_traits;
  energy::Window window;
  double window_truth = 0;
  double caused_truth = 0;
  double idle_truth = 0;  // idle energy from a to b
  double polled = 0;      // by reading a power of 1 s mean each 10 ms from a to b
  [[nodiscard]] energy::CounterView view(const energy::CounterTraits& traits) const {
    return {{edges.data(), edges.size()}, {}, traits, {samples.data(), samples.size()}, sample_traits};
  }
};

using energy::seconds;

inline Burst simulate(const BurstSpec& spec, Random& random) {
  const int64_t tau = ms(spec.tau_ms);
  const int64_t settle = 5 * tau + ms(2 * spec.counter.period_ms);
  const int64_t quiet = ms(spec.quiet_ms);
  const int64_t a = quiet + settle + ms(100 + random.uniform(0, 3 * spec.counter.period_ms));
  const int64_t b = a + ms(spec.length_ms);
  const int64_t end = b + quiet + settle + ms(100);

  std::vector<int64_t> breaks = {a, b};
  constexpr double kLatticeMs = 20;
  std::vector<double> noise;
  for (int64_t t = 0; t < end; t += ms(kLatticeMs)) {
    breaks.push_back(t);
    noise.push_back(spec.idle_noise_w * random.normal());
  }
  const double slope = spec.load == Load::kIdleDrift ? random.uniform(-3, 3) : 0;  // W a second
  const double half_period_ms = random.uniform(3, 30);
  const double rise_ms = random.uniform(5, 60);
  const double period_ms = spec.load == Load::kLocked ? 0.5 * spec.counter.period_ms : half_period_ms;
  if (spec.load == Load::kSquare || spec.load == Load::kLocked) {
    for (int64_t t = a; t < b; t += ms(period_ms)) breaks.push_back(t);
  }
  if (spec.load == Load::kSlowRise) {
    for (int64_t t = a; t < std::min(b, a + ms(6 * rise_ms)); t += ms(2)) breaks.push_back(t);
  }
  // Work of ours outside the declared quiet time, right at its ends.
  const int64_t earlier = a - quiet;
  const int64_t later = b + quiet;
  const int64_t other = ms(60);
  // Another burst of the same length in the same period of the counter.
  const int64_t second = b + ms(std::max(2 * spec.counter.call_ms, random.uniform(0.1, 0.4) * spec.counter.period_ms));
  const int64_t second_end = second + std::min(ms(spec.length_ms), ms(0.3 * spec.counter.period_ms));
  if (spec.load == Load::kTwoBursts) breaks.insert(breaks.end(), {second, second_end});
  // A load that goes on: levels of some hundred milliseconds each, which know nothing of the window.
  std::vector<double> levels;
  const int64_t hold = ms(random.uniform(0.7, 3) * spec.counter.period_ms);
  if (spec.load == Load::kInside) {
    for (int64_t t = 0; t < end + hold; t += hold) {
      breaks.push_back(t);
      levels.push_back(random.uniform(0.3, 1));
    }
  }
  if (spec.load == Load::kNeighbours) breaks.insert(breaks.end(), {earlier - other, earlier, later, later + other});

  const auto idle = [&](int64_t t) {
    return spec.idle_w + slope * static_cast<double>(t - a) * 1e-9 +
           noise[std::min(static_cast<size_t>(t / ms(kLatticeMs)), noise.size() - 1)];
  };
  const auto excess = [&](int64_t t) {
    if (spec.load == Load::kNeighbours &&
        ((t >= earlier - other && t < earlier) || (t >= later && t < later + other))) {
      return spec.excess_w;
    }
    if (spec.load == Load::kInside) return spec.excess_w * levels[static_cast<size_t>(t / hold)];
    if (spec.load == Load::kTwoBursts && t >= second && t < second_end) return spec.excess_w;
    if (t < a || t >= b) return 0.0;
    if (spec.load == Load::kSquare) return spec.excess_w * ((t - a) / ms(half_period_ms) % 2 == 0 ? 1.0 : 0.2);
    if (spec.load == Load::kLocked) return (t - a) / ms(period_ms) % 2 == 0 ? spec.excess_w : 0.0;
    if (spec.load == Load::kSlowRise)
      return spec.excess_w * (1 - std::exp(-static_cast<double>(t - a) / (rise_ms * 1e6)));
    return spec.excess_w;
  };
  const double share = 1 / (1 + spec.length_ms / (0.4 * spec.counter.period_ms));
  const double seen = 1 + spec.phase_amplitude * share * std::sin(6.283185307179586 * random.uniform());
  const double gain = 1 + spec.gain_error * random.uniform(-1, 1);
  const Profile power(breaks, [&](int64_t t) { return idle(t) + excess(t); });
  const Profile sensed(breaks, [&](int64_t t) { return gain * (idle(t) + seen * excess(t)); }, tau);
  const Profile idle_only(breaks, idle);

  Burst burst;
  burst.edges = observe(sensed, spec.counter, 0, end - ms(spec.counter.call_ms * 8), random);
  if (spec.from_ring) {
    burst.edges = count_energy(observe(sensed, spec.ring, 0, end, random), energy::nvml_ring_kernel());
  } else if (spec.from_power) {
    burst.edges = count_energy(observe(sensed, *spec.from_power, 0, end, random), spec.from_power->kernel);
  }
  if (spec.beside) {
    burst.samples = energy::power_updates(observe(sensed, *spec.beside, 0, end, random));
    burst.sample_traits = energy::instant_traits(spec.beside->kernel, tau);
  }
  if (spec.has_ring) {
    burst.samples = observe(sensed, spec.ring, 0, end - ms(100), random);
    burst.sample_traits = energy::nvml_ring_traits();
  }
  burst.window = {a, b, quiet, quiet};
  if (!quiet_around(spec.load)) burst.window.idle_before_ns = burst.window.idle_after_ns = 0;
  burst.window_truth = power.energy(a, b);
  burst.idle_truth = idle_only.energy(a, b);
  for (int64_t t = a; t < b; t += ms(10)) {
    const int64_t shown = t / ms(100) * ms(100);  // the sensor shows a new mean each 100 ms
    burst.polled += sensed.energy(shown - ms(1000), shown) * seconds(std::min(ms(10), b - t));
  }
  burst.caused_truth = burst.window_truth - burst.idle_truth;
  return burst;
}

inline BurstSpec h100_board(double length_ms, Load load) {
  BurstSpec spec;
  spec.load = load;
  spec.length_ms = length_ms;
  spec.tau_ms = 13;
  // What is calibrated is used: the sensitivity to phase is this board's own, not the built-in one of all boards.
  spec.phase_amplitude = 0.06;
  spec.traits = energy::nvml_board_traits(700, 0);
  spec.traits.phase_sensitivity = 0.075;
  spec.traits.phase_reach_ns = ms(35);
  return spec;
}

inline BurstSpec h100_with_ring(double length_ms, Load load) {
  BurstSpec spec = h100_board(length_ms, load);
  spec.has_ring = true;
  return spec;
}

// A board that updates five times as often and is read through a cheap call, without a filter.
inline BurstSpec fast_board(double length_ms, Load load) {
  BurstSpec spec = h100_board(length_ms, load);
  spec.tau_ms = 0;
  spec.counter.period_ms = 20;
  spec.counter.jitter_ms = 0.1;
  spec.counter.call_ms = 0.3;
  spec.counter.displacement_ms = 1;
  spec.traits.grid_jitter_ns = ms(0.1);
  spec.traits.period_ns = ms(20);
  spec.traits.displacement_ns = ms(1);
  spec.traits.decay_ns = 0;
  spec.phase_amplitude = 0;
  spec.traits.phase_sensitivity = 0;
  return spec;
}

inline BurstSpec slow_board(double length_ms, Load load) {
  BurstSpec spec = h100_board(length_ms, load);
  spec.quiet_ms = 4000;
  spec.counter.period_ms = 1000;
  spec.counter.call_ms = 10;
  spec.traits.period_ns = ms(1000);
  spec.traits.phase_reach_ns = ms(350);
  return spec;
}

// Its gain is off by up to 5 %: the combined interval is the one that must hold the truth.
inline BurstSpec wrong_gain(double length_ms, Load load) {
  BurstSpec spec = h100_with_ring(length_ms, load);
  spec.gain_error = 0.05;
  return spec;
}

// The slowest calls seen, and the quickest that can be.
inline BurstSpec slow_calls(double length_ms, Load load) {
  BurstSpec spec = h100_with_ring(length_ms, load);
  spec.counter.call_ms = 20;
  return spec;
}

inline BurstSpec quick_calls(double length_ms, Load load) {
  BurstSpec spec = h100_with_ring(length_ms, load);
  spec.counter.call_ms = 0.001;
  return spec;
}

// Without an energy counter: a polled sensor that shows each `period_ms` the mean over `averaging_ms`.
inline BurstSpec power_board(double length_ms, Load load, double period_ms, double averaging_ms) {
  BurstSpec spec;
  spec.load = load;
  spec.length_ms = length_ms;
  PowerSpec power;
  power.kernel.period_ns = ms(period_ms);
  power.kernel.averaging_ns = ms(averaging_ms);
  power.poll_ms = period_ms < 50 ? 5 : 10;
  spec.from_power = power;
  spec.traits = energy::integrated_traits(power.kernel, 700);
  spec.counter.period_ms = 1e-6 * static_cast<double>(power.kernel.period_ns);
  spec.quiet_ms = std::max(1000.0, 4e-6 * static_cast<double>(power.kernel.step_ns()));
  return spec;
}

inline BurstSpec instant_25_of_100(double length_ms, Load load) { return power_board(length_ms, load, 100, 25); }
inline BurstSpec instant_10_of_20(double length_ms, Load load) { return power_board(length_ms, load, 20, 10); }
inline BurstSpec full_100(double length_ms, Load load) { return power_board(length_ms, load, 100, 100); }
inline BurstSpec average_1_s(double length_ms, Load load) { return power_board(length_ms, load, 100, 1000); }

// The H100's counter with field 186 beside it, where there is no ring.
inline BurstSpec h100_and_instant(double length_ms, Load load) {
  BurstSpec spec = h100_board(length_ms, load);
  spec.beside = instant_25_of_100(length_ms, load).from_power;
  return spec;
}

// Energy counted from the ring alone.
inline BurstSpec ring_alone(double length_ms, Load load) {
  BurstSpec spec = h100_board(length_ms, load);
  spec.from_ring = true;
  spec.traits = energy::integrated_traits(energy::nvml_ring_kernel(), 700);
  spec.ring.gain_u = 0;  // it is the board's own
  return spec;
}

inline BurstSpec rapl_package(double length_ms, Load load) {
  BurstSpec spec;
  spec.load = load;
  spec.length_ms = length_ms;
  spec.idle_w = 18;
  spec.idle_noise_w = 1.5;
  spec.excess_w = 90;
  spec.quiet_ms = 500;
  spec.counter.period_ms = 0.997;
  spec.counter.jitter_ms = 0.05;
  spec.counter.quantum_j = 61e-6;
  spec.counter.call_ms = 0.5;
  spec.counter.displaced = 0;
  spec.traits = energy::rapl_traits(61e-6, 125, 0);
  return spec;
}

}  // namespace mj::test
