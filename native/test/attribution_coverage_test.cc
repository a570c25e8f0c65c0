#include "test/check.h"
#include "test/phase_score.h"

namespace {

using namespace mj::test;
using mj::energy::Attribution;

// Not a seed on which anything was tuned.
constexpr uint64_t kSeed = 9'437'189;
constexpr int kRuns = 400;
constexpr int kMostMisses = 38;  // at 5 % the chance of more is 1e-4

TEST("statistics: attribution covers two and three phases of 2 to 60 ms on three counters, lengths varied by 30 %") {
  uint64_t seed = kSeed;
  int pooled = 0;
  int misses = 0;
  for (const PhaseMachine& machine : phase_machines()) {
    for (const auto& lengths :
         std::vector<std::vector<double>>{{2, 2}, {5, 5}, {5, 8}, {20, 30}, {60, 60}, {5, 5, 5}, {20, 10, 40}}) {
      const PhaseCell cell = score(spec_of(machine, lengths), kRuns, ++seed);
      for (size_t j = 0; j < lengths.size(); ++j) {
        const PhaseScore& s = cell.labels[j];
        const std::string place = std::string(machine.name) + ", " + show(lengths[j]) + " ms, label " + show(j) + ": ";
        if (s.refused > 0) fail(__FILE__, __LINE__, place + show(s.refused) + " refused");
        if (s.misses > kMostMisses) fail(__FILE__, __LINE__, place + show(s.misses) + " misses");
        if (s.misses_kind > kMostMisses) fail(__FILE__, __LINE__, place + show(s.misses_kind) + " misses of the kind");
        // No bias that the scatter does not explain, but for a hundredth of the contrast where brackets are as wide as
        // phases are long.
        const double bias = s.error / kRuns;
        const double standard_error = std::sqrt(s.squares) / kRuns;
        if (std::fabs(bias) > 4 * standard_error + 0.01 * machine.watts[0]) {
          fail(__FILE__, __LINE__, place + "bias of " + show(bias) + " W");
        }
        pooled += kRuns;
        misses += s.misses;
      }
    }
  }
  CHECK(misses <= 0.05 * pooled);
}

TEST("statistics: attribution, phases at random or with pauses are told apart better than those in turn") {
  const PhaseMachine& board = phase_machines()[0];
  PhaseSpec spec = spec_of(board, {5, 5});
  const PhaseCell turns = score(spec, 100, kSeed);
  spec.rest_chance = 0.3;
  spec.rest_ms = 10;
  spec.random_order = true;
  const PhaseCell random = score(spec, 100, kSeed);
  CHECK(random.labels[0].half_widths < 0.5 * turns.labels[0].half_widths);
}

// The [S] of the design: ±29 W where lengths repeat but for what a program's own timing varies, ±4.5 W with 30 %.
TEST(
    "statistics: attribution, five minutes of 5 ms phases on a 100 ms counter, with lengths that vary and that hardly "
    "do") {
  PhaseSpec spec = spec_of(phase_machines()[0], {5, 5});
  spec.duration_s = 300;
  const auto half_width = [&](double spread) {
    spec.spread = spread;
    Random random(kSeed);
    mj::energy::AttributionRules rules;
    rules.least_signal = 0;
    const Attribution result = simulate(spec, random).attribute(rules);
    // Without what is assumed of sensor and marks, which does not fall with the number of intervals.
    double squares = 0;
    for (const auto term : {mj::energy::AttributionTerm::kEdgeTiming, mj::energy::AttributionTerm::kRepeats}) {
      squares += std::pow(result.labels[0].terms[static_cast<size_t>(term)], 2);
    }
    return std::sqrt(squares);
  };
  CHECK_NEAR(half_width(0.3), 4.5, 1.5);
  CHECK_NEAR(half_width(0.05), 29, 8);
}

TEST(
    "statistics: attribution, an interaction is found where there is one, and one in a hundred times where there is "
    "none") {
  for (const PhaseMachine& machine : phase_machines()) {
    PhaseSpec spec = spec_of(machine, {10, 10});
    spec.random_order = true;
    const PhaseCell without = score(spec, 400, kSeed + 77);
    CHECK_EQ(without.tested, 400);
    // At 1 % the chance of more than 12 of 400 is 1e-4.
    if (without.interactions > 12) fail(__FILE__, __LINE__, show(without.interactions) + " false alarms");
    spec.after_first_w = 0.15 * machine.watts[0];
    const PhaseCell with = score(spec, 50, kSeed + 78);
    if (with.interactions < 40) fail(__FILE__, __LINE__, show(with.interactions) + " of 50 found");
  }
}

TEST("statistics: attribution, a sensor twice as slow as supposed is seen, and the intervals hold") {
  PhaseSpec spec = spec_of(phase_machines()[0], {20, 30});
  spec.machine.tau_ms *= 2;
  int misses = 0;
  int doubted = 0;
  for (uint64_t i = 0; i < 50; ++i) {
    Random random(kSeed + i);
    const PhaseRun run = simulate(spec, random);
    const Attribution result = run.attribute();
    if (std::fabs(result.labels[0].watts - run.watts[0]) > result.labels[0].uncertainty) ++misses;
    if (result.sensor_doubted) ++doubted;
  }
  CHECK(misses <= 8);  // at 5 % the chance of more is 1e-3
  CHECK(doubted > 40);
}

TEST("statistics: attribution, locked lengths are refused on every counter") {
  for (const PhaseMachine& machine : phase_machines()) {
    const double period = machine.make(5, Load::kFlat).counter.period_ms;
    for (const double part : {0.05, 0.1, 0.25, 0.5}) {
      PhaseSpec spec = spec_of(machine, {part * std::round(period), part * std::round(period)});
      spec.spread = 0;
      for (const PhaseScore& label : score(spec, 20, kSeed).labels) CHECK_EQ(label.refused, 20);
    }
  }
}

}  // namespace
