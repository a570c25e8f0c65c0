#pragma once

// Scores of attribution on repeated simulated runs.
#include "test/check.h"
#include "test/phase_sim.h"

namespace mj::test {

struct PhaseScore {
  int misses = 0;       // of the mean power of the occurrences that there were
  int misses_kind = 0;  // of the power of occurrences of this kind
  int refused = 0;
  double error = 0;
  double squares = 0;
  double half_widths = 0;
};

struct PhaseCell {
  std::vector<PhaseScore> labels;
  int interactions = 0;
  int tested = 0;
};

inline PhaseCell score(const PhaseSpec& spec, int runs, uint64_t seed) {
  PhaseCell cell;
  cell.labels.resize(spec.labels.size());
  for (int i = 0; i < runs; ++i) {
    Random random(seed * 1'000'003 + static_cast<uint64_t>(i));
    const PhaseRun run = simulate(spec, random);
    const energy::Attribution result = run.attribute();
    if (result.status == energy::AttributionStatus::kSuspect)
      fail(__FILE__, __LINE__, energy::cause_name(result.cause));
    double joules = 0;
    for (const auto& label : result.labels) joules += label.joules;
    CHECK(std::fabs(joules - result.total_j) <= 1e-9 * result.total_j);
    if (result.interaction.between > 0) ++cell.tested;
    if (result.interaction.between > 0 && result.interaction.p < 0.01) ++cell.interactions;
    for (size_t j = 0; j < cell.labels.size(); ++j) {
      PhaseScore& s = cell.labels[j];
      const auto& label = result.labels[j];
      if (label.status == energy::AttributionStatus::kNotIdentifiable) {
        ++s.refused;
        continue;
      }
      const double deviation = label.watts - run.watts[j];
      s.error += deviation;
      s.squares += deviation * deviation;
      s.half_widths += label.uncertainty;
      if (std::fabs(deviation) > label.uncertainty) ++s.misses;
      if (std::fabs(label.watts - spec.labels[j].watts) > label.uncertainty) ++s.misses_kind;
    }
  }
  return cell;
}

struct PhaseMachine {
  const char* name;
  BurstSpec (*make)(double length_ms, Load load);
  double duration_s;
  double rest_w;
  std::vector<double> watts;
};

inline const std::vector<PhaseMachine>& phase_machines() {
  static const auto* all = new std::vector<PhaseMachine>{{"board, 100 ms", h100_board, 10, 118, {600, 250, 400}},
                                                         {"board, 20 ms", fast_board, 4, 118, {600, 250, 400}},
                                                         {"package, 1 ms", rapl_package, 0.5, 18, {100, 50, 75}}};
  return *all;
}

inline PhaseSpec spec_of(const PhaseMachine& machine, const std::vector<double>& lengths_ms) {
  PhaseSpec spec;
  spec.machine = machine.make(5, Load::kFlat);
  spec.duration_s = machine.duration_s;
  spec.rest_w = machine.rest_w;
  spec.flutter_w = 0.02 * machine.watts[0];
  for (const double length : lengths_ms) spec.labels.push_back({length, machine.watts[spec.labels.size()]});
  return spec;
}

}  // namespace mj::test
