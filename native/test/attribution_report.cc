// attribution_report [runs]: bias, RMSE, coverage and mean half-width of attribution on simulated counters, and one run
// in full. Markdown, for docs/attribution.md.
#include <cstdio>
#include <cstdlib>

#include "test/phase_score.h"

namespace {

using namespace mj;
using namespace mj::test;

constexpr uint64_t kSeed = 20261124;

std::string list_of(const std::vector<double>& lengths_ms) {
  std::string out;
  for (const double length : lengths_ms) out += (out.empty() ? "" : " / ") + show(length);
  return out + " ms";
}

void report_cells(int runs) {
  std::printf("| counter | phases | label | true W | bias W | RMSE W | mean U W | covered %% | kind covered %% |\n");
  std::printf("|---|---|---|---|---|---|---|---|---|\n");
  uint64_t seed = kSeed;
  for (const PhaseMachine& machine : phase_machines()) {
    for (const auto& lengths :
         std::vector<std::vector<double>>{{2, 2}, {5, 5}, {20, 30}, {60, 60}, {5, 5, 5}, {20, 10, 40}}) {
      PhaseSpec spec = spec_of(machine, lengths);
      spec.duration_s = 4 * machine.duration_s;
      const PhaseCell cell = score(spec, runs, ++seed);
      for (size_t j = 0; j < lengths.size(); ++j) {
        const PhaseScore& s = cell.labels[j];
        const double n = runs - s.refused;
        std::printf("| %s | %s | %zu | %g | %+.2f | %.2f | %.2f | %.1f | %.1f |\n", machine.name,
                    list_of(lengths).c_str(), j + 1, spec.labels[j].watts, s.error / n, std::sqrt(s.squares / n),
                    s.half_widths / n, 100 * (1 - s.misses / n), 100 * (1 - s.misses_kind / n));
      }
    }
  }
}

void report_order(const char* name, const PhaseSpec& spec, int runs) {
  const PhaseCell cell = score(spec, runs, kSeed);
  const PhaseScore& s = cell.labels[0];
  const double n = runs - s.refused;
  std::printf("| %s | %d of %d |", name, s.refused, runs);
  if (n > 0) {
    std::printf(" %.1f | %.1f |\n", std::sqrt(s.squares / n), s.half_widths / n);
  } else {
    std::printf(" | |\n");
  }
}

void report_orders(int runs) {
  std::printf("\n| sequence of two phases of 5 ms, 60 s on the 100 ms counter | refused | RMSE W | mean U W |\n");
  std::printf("|---|---|---|---|\n");
  PhaseSpec spec = spec_of(phase_machines()[0], {5, 5});
  spec.duration_s = 60;
  spec.spread = 0;
  report_order("in turn, lengths exact", spec, runs);
  spec.spread = 0.05;
  report_order("in turn, lengths within ±5 %", spec, runs);
  spec.spread = 0.3;
  report_order("in turn, lengths within ±30 %", spec, runs);
  spec.rest_chance = 0.2;
  spec.rest_ms = 10;
  report_order("the same, a pause of 10 ms on average after one in five", spec, runs);
  spec.rest_chance = 0;
  spec.random_order = true;
  report_order("at random, lengths within ±30 %", spec, runs);
}

void report_run() {
  PhaseSpec spec = spec_of(phase_machines()[0], {8, 3});
  spec.duration_s = 60;
  spec.random_order = true;
  spec.rest_chance = 0.1;
  spec.rest_ms = 15;
  Random random(kSeed);
  const PhaseRun run = simulate(spec, random);
  const energy::Attribution result = run.attribute();
  std::printf("\n%zu intervals, total %.3f +- %.3f J, signals", result.intervals, result.total_j,
              result.total_uncertainty);
  for (const double signal : result.signals) std::printf(" %.2f", signal);
  std::printf(", interaction p = %.3f (%zu, %g)\n", result.interaction.p, result.interaction.between,
              result.interaction.within);
  double sum = 0;
  for (size_t j = 0; j < result.labels.size(); ++j) {
    const energy::LabelPower& label = result.labels[j];
    sum += label.joules;
    std::printf("label %zu: %.2f +- %.2f W (true %.2f), %zu occurrences, %.3f s, %.3f J |", j + 1, label.watts,
                label.uncertainty, run.watts[j], label.occurrences, label.seconds, label.joules);
    for (size_t i = 0; i < energy::kAttributionTermCount; ++i) {
      std::printf(" %s %.2f", energy::attribution_term_name(static_cast<energy::AttributionTerm>(i)), label.terms[i]);
    }
    std::printf("\n");
  }
  std::printf("sum over labels %.9f J\n", sum);
}

}  // namespace

int main(int argc, char** argv) try {
  const int runs = argc > 1 ? static_cast<int>(std::strtol(argv[1], nullptr, 10)) : 400;
  if (runs < 1) throw std::runtime_error("attribution_report [runs]");
  report_cells(runs);
  report_orders(runs / 4 + 1);
  report_run();
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
