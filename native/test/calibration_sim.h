#pragma once

// A board with known figures that runs bursts of some lengths one after the other, at spread phases.
#include <map>

#include "energy/calibration.h"
#include "energy/window_traits.h"
#include "test/counter_sim.h"

namespace mj::test {

struct BoardSpec {
  CounterSpec counter;
  bool has_ring = true;
  RingSpec ring;
  double tau_ms = 13;
  // What the counter makes of a burst varies with its phase by this part of it, over 1 + length / reach.
  double phase_amplitude = 0.2;
  double phase_reach_ms = 20;
  double odd_amplitude = 1;  // times this in every second burst of a kind
  double late_ms = 0;        // the mark after a burst, of the longest kind only
  std::vector<double> kinds_ms = {5, 20, 100};
  int count = 60;
  int shams = 20;
  double gap_ms = 350;  // the least; up to one period more
  double idle_w = 118;
  double idle_noise_w = 1.7;  // of each 20 ms
  double excess_w = 700;
};

struct BoardRun {
  std::vector<energy::Edge> edges;
  std::vector<energy::PowerSample> samples;
  std::vector<energy::CalibrationBurst> bursts;
  std::vector<double> caused_j;  // true, one a burst
  energy::CounterTraits traits = energy::nvml_board_traits(700, 0);
  energy::SampleTraits sample_traits = energy::nvml_ring_traits();

  [[nodiscard]] energy::CounterView view() const {
    return {{edges.data(), edges.size()}, {}, traits, {samples.data(), samples.size()}, sample_traits};
  }
  [[nodiscard]] energy::CalibrationResult calibrate() const {
    return energy::calibrate(view(), {bursts.data(), bursts.size()});
  }
};

inline BoardRun simulate(const BoardSpec& spec, Random& random) {
  struct Plan {
    double kind_ms;
    double phase;
    double order;
  };
  std::vector<Plan> plan;
  for (size_t k = 0; k <= spec.kinds_ms.size(); ++k) {
    const double kind_ms = k > 0 ? spec.kinds_ms[k - 1] : 0;
    for (int i = 0; i < (k > 0 ? spec.count : spec.shams); ++i) {
      plan.push_back({kind_ms, std::fmod(0.618034 * i + 0.23 * static_cast<double>(k), 1), random.uniform()});
    }
  }
  std::sort(plan.begin(), plan.end(), [](const Plan& a, const Plan& b) { return a.order < b.order; });
  struct Piece {
    int64_t a;
    int64_t b;
    double watts;
    double seen;
  };
  std::vector<Piece> pieces;
  BoardRun run;
  int64_t free = ms(1500);
  std::map<double, int> turn;
  for (const Plan& one : plan) {
    const double period = spec.counter.period_ms;
    const double periods = std::ceil(static_cast<double>(free) * 1e-6 / period - one.phase) + one.phase;
    const int64_t a = ms(periods * period);
    const int64_t b = a + ms(one.kind_ms > 0 ? one.kind_ms : 5);
    const double watts = one.kind_ms > 0 ? spec.excess_w : 0;
    const double uneven = turn[one.kind_ms]++ % 2 == 0 ? 1 : spec.odd_amplitude;
    const double share = uneven * spec.phase_amplitude / (1 + one.kind_ms / spec.phase_reach_ms);
    pieces.push_back({a, b, watts, 1 + share * std::sin(6.283185307179586 * one.phase)});
    const int64_t late = one.kind_ms == spec.kinds_ms.back() ? ms(spec.late_ms) : 0;
    run.bursts.push_back({{a, b + late, 0, 0}, one.kind_ms});
    run.caused_j.push_back(watts * static_cast<double>(b - a) * 1e-9);
    free = b + ms(spec.gap_ms);
  }
  const int64_t end = free + ms(1500);
  for (size_t i = 0; i < pieces.size(); ++i) {
    run.bursts[i].window.idle_before_ns = pieces[i].a - (i > 0 ? run.bursts[i - 1].window.b : 0);
    run.bursts[i].window.idle_after_ns =
        (i + 1 < pieces.size() ? pieces[i + 1].a : end - ms(300)) - run.bursts[i].window.b;
  }
  std::vector<int64_t> breaks;
  std::vector<double> noise;
  for (int64_t t = 0; t < end; t += ms(20)) {
    breaks.push_back(t);
    noise.push_back(spec.idle_noise_w * random.normal());
  }
  for (const Piece& piece : pieces) breaks.insert(breaks.end(), {piece.a, piece.b});
  const Profile sensed(
      breaks,
      [&](int64_t t) {
        const double idle = spec.idle_w + noise[std::min(static_cast<size_t>(t / ms(20)), noise.size() - 1)];
        const auto after = std::upper_bound(pieces.begin(), pieces.end(), t,
                                            [](int64_t at, const Piece& piece) { return at < piece.a; });
        if (after == pieces.begin() || t >= (after - 1)->b) return idle;
        return idle + (after - 1)->seen * (after - 1)->watts;
      },
      ms(spec.tau_ms));
  run.edges = observe(sensed, spec.counter, 0, end, random);
  if (spec.has_ring) run.samples = observe(sensed, spec.ring, 0, end, random);
  return run;
}

}  // namespace mj::test
