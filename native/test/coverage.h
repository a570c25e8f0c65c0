#pragma once

// Scores of the estimator on repeated simulated bursts.
#include <cstdio>

#include "test/burst_sim.h"

namespace mj::test {

struct Score {
  int runs = 0;
  int misses = 0;
  int resolved = 0;  // status ok
  int without = 0;   // no value
  int suspect = 0;
  double error = 0;  // sum of value - truth
  double squares = 0;
  double half_widths = 0;
  double truth = 0;
  double plain_error = 0;
  double plain_squares = 0;

  void add(const energy::Figure& figure, double true_value, double plain) {
    ++runs;
    if (figure.status == energy::EstimateStatus::kSuspect) ++suspect;
    truth += true_value;
    plain_error += plain - true_value;
    plain_squares += (plain - true_value) * (plain - true_value);
    if (!std::isfinite(figure.value)) {
      ++without;
      ++misses;
      return;
    }
    const double deviation = figure.value - true_value;
    error += deviation;
    squares += deviation * deviation;
    half_widths += figure.uncertainty;
    if (true_value < figure.lo || true_value > figure.hi) ++misses;
    if (figure.status == energy::EstimateStatus::kOk) ++resolved;
  }
  [[nodiscard]] double percent(double sum) const { return 100 * sum / truth; }
  [[nodiscard]] double percent_rms(double sum) const { return 100 * std::sqrt(sum * runs) / truth; }
  [[nodiscard]] double coverage() const { return 100.0 * (runs - misses) / runs; }
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
    scores.window.add(estimate.window, burst.window_truth, plain);
    if (quiet_around(load)) scores.caused.add(estimate.caused, burst.caused_truth, plain - burst.idle_truth);
  }
  return scores;
}

}  // namespace mj::test
