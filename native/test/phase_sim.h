#pragma once

// Marked phases that alternate faster than a counter moves, with the true power of each label.
#include <string>

#include "energy/attribution.h"
#include "test/burst_sim.h"

namespace mj::test {

struct PhaseLabel {
  double length_ms = 5;
  double watts = 300;
};

struct PhaseSpec {
  BurstSpec machine;  // counter, sensor and traits are its own
  std::vector<PhaseLabel> labels;
  double spread = 0.3;     // lengths are uniform within +- this part of their mean
  double rest_ms = 0;      // mean of an exponential pause after a phase,
  double rest_chance = 0;  // where there is one
  double rest_w = 118;
  bool random_order = false;  // each label at random, else in turn
  double duration_s = 20;
  double occurrence_sd = 0.02;  // of one occurrence's power, relative
  double flutter_w = 10;        // of power within, by pieces of 10 ms
  double after_first_w = 0;     // interaction: more power after the first label
};

struct PhaseRun {
  std::vector<energy::Edge> edges;
  std::vector<energy::Phase> phases;
  size_t labels = 0;
  int64_t from = 0;
  int64_t to = 0;
  std::vector<double> watts;  // true mean power of each label and of the rest over the run; NaN: it did not occur
  energy::CounterTraits traits;
  [[nodiscard]] energy::AttributionRequest request() const {
    return {{phases.data(), phases.size()}, labels, from, to, {}};
  }
  [[nodiscard]] energy::CounterView view() const { return {{edges.data(), edges.size()}, {}, traits, {}, {}}; }
  [[nodiscard]] energy::Attribution attribute(const energy::AttributionRules& rules = {}) const {
    return energy::attribute(view(), request(), rules);
  }
};

inline PhaseRun simulate(const PhaseSpec& spec, Random& random) {
  struct Piece {
    int64_t from;
    double watts;
    double gain;  // of what the counter makes of it
  };
  const BurstSpec& machine = spec.machine;
  PhaseRun run;
  run.labels = spec.labels.size();
  run.traits = machine.traits;
  run.from = ms(500);
  const int64_t end = run.from + ms(1e3 * spec.duration_s);
  std::vector<Piece> pieces = {{0, spec.rest_w, 1}};
  size_t turn = 0;
  bool after_first = false;
  for (int64_t now = run.from; now < end;) {
    const size_t label = spec.random_order ? static_cast<size_t>(random.uniform() * static_cast<double>(run.labels))
                                           : turn++ % run.labels;
    const PhaseLabel& kind = spec.labels[label];
    const int64_t length = ms(kind.length_ms * (1 + spec.spread * random.uniform(-1, 1)));
    const double share = 1 / (1 + kind.length_ms / (0.4 * machine.counter.period_ms));
    const double gain = 1 + machine.phase_amplitude * share * std::sin(6.283185307179586 * random.uniform());
    const double watts =
        kind.watts * (1 + spec.occurrence_sd * random.normal()) + (after_first ? spec.after_first_w : 0);
    run.phases.push_back({now, now + length, label});
    for (int64_t t = now; t < now + length; t += ms(10)) {
      pieces.push_back({t, watts + spec.flutter_w * random.normal(), gain});
    }
    now += length;
    after_first = label == 0;
    if (!random.chance(spec.rest_chance)) continue;
    const int64_t pause = ms(-spec.rest_ms * std::log(1 - random.uniform()));
    for (int64_t t = now; t < now + pause; t += ms(10)) {
      pieces.push_back({t, spec.rest_w + machine.idle_noise_w * random.normal(), 1});
    }
    now += pause;
  }
  run.to = run.phases.back().b;
  pieces.push_back({run.to, spec.rest_w, 1});

  std::vector<int64_t> breaks;
  for (const Piece& piece : pieces) breaks.push_back(piece.from);
  const auto piece_at = [&pieces](int64_t t) -> const Piece& {
    return *(std::upper_bound(pieces.begin(), pieces.end(), t,
                              [](int64_t at, const Piece& piece) { return at < piece.from; }) -
             1);
  };
  const Profile power(breaks, [&](int64_t t) { return piece_at(t).watts; });
  const Profile sensed(
      breaks,
      [&](int64_t t) {
        const Piece& piece = piece_at(t);
        return spec.rest_w + piece.gain * (piece.watts - spec.rest_w);
      },
      ms(machine.tau_ms));
  std::vector<double> joules(run.labels + 1);
  std::vector<double> seconds(run.labels + 1);
  int64_t now = run.from;
  for (const energy::Phase& phase : run.phases) {
    joules[run.labels] += power.energy(now, phase.a);
    seconds[run.labels] += static_cast<double>(phase.a - now) * 1e-9;
    joules[phase.label] += power.energy(phase.a, phase.b);
    seconds[phase.label] += static_cast<double>(phase.b - phase.a) * 1e-9;
    now = phase.b;
  }
  for (size_t j = 0; j <= run.labels; ++j) run.watts.push_back(joules[j] / seconds[j]);
  run.edges = observe(sensed, machine.counter, ms(10), run.to + ms(3 * machine.counter.period_ms), random);
  return run;
}

}  // namespace mj::test
