#pragma once

// Scores of the estimator on repeated simulated bursts, beside what others would say of the same timelines.
#include <algorithm>

#include "test/burst_sim.h"

namespace mj::test {

// An error over runs, relative to the true energy.
struct Error {
  double sum = 0;
  double squares = 0;
  void add(double error) {
    sum += error;
    squares += error * error;
  }
};

struct Score {
  int runs = 0;
  int misses = 0;
  int resolved = 0;  // status ok
  int without = 0;   // no value
  int suspect = 0;
  double truth = 0;
  double half_widths = 0;
  Error ours;
  Error plain;   // the counter after, less the counter before
  Error polled;  // a power of 1 s mean, read each 10 ms

  // `gain`: half-width of the board's gain that the interval has to cover as well.
  void add(const energy::Figure& figure, double true_value, double plain_value, double polled_value, double gain) {
    ++runs;
    truth += true_value;
    plain.add(plain_value - true_value);
    polled.add(polled_value - true_value);
    suspect += figure.status == energy::EstimateStatus::kSuspect ? 1 : 0;
    resolved += figure.status == energy::EstimateStatus::kOk ? 1 : 0;
    if (!std::isfinite(figure.value)) {
      ++without;
      ++misses;
      return;
    }
    ours.add(figure.value - true_value);
    const double more = gain * std::fabs(figure.value);
    const auto with_gain = [more](double u) {
      return std::min(std::sqrt(u * u + 1.96 * 1.96 / 3 * more * more), u + more);
    };
    half_widths += with_gain(figure.uncertainty);
    if (true_value < figure.value - with_gain(figure.value - figure.lo)) ++misses;
    if (true_value > figure.value + with_gain(figure.hi - figure.value)) ++misses;
  }
  [[nodiscard]] double percent(double sum) const { return 100 * sum / truth; }
  [[nodiscard]] double bias(const Error& error) const { return percent(error.sum); }
  [[nodiscard]] double rmse(const Error& error) const { return 100 * std::sqrt(error.squares * runs) / truth; }
  [[nodiscard]] double u() const { return percent(half_widths); }
};

struct Scores {
  Score window;
  Score caused;
};

using MakeSpec = BurstSpec (*)(double length_ms, Load load);

// Every run has a seed and so a phase of its own.
inline Scores score(MakeSpec make, double length_ms, Load load, int runs, uint64_t seed) {
  Scores scores;
  const BurstSpec spec = make(length_ms, load);
  for (int i = 0; i < runs; ++i) {
    Random random(seed * 1'000'003 + static_cast<uint64_t>(i));
    const Burst burst = simulate(spec, random);
    const energy::Estimate estimate = energy::estimate(burst.view(spec.traits), burst.window);
    const double plain = plain_difference(burst.edges, burst.window.a, burst.window.b);
    scores.window.add(estimate.window, burst.window_truth, plain, burst.polled, spec.gain_error);
    if (!quiet_around(load)) continue;
    scores.caused.add(estimate.caused, burst.caused_truth, plain - burst.idle_truth, burst.polled - burst.idle_truth,
                      spec.gain_error);
  }
  return scores;
}

}  // namespace mj::test
