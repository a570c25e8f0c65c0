// The design of session.measurePhases on simulated counters: powers of five kinds of segments, what they are above
// idle, and the sum of three against the fourth.
#include "test/check.h"
#include "test/phase_score.h"

namespace {

using namespace mj::test;
using mj::energy::Attribution;
using mj::energy::AttributionStatus;

// Not a seed on which anything was tuned.
constexpr uint64_t kSeed = 23'571'113;
constexpr int kRuns = 400;
constexpr int kMostMisses = 38;  // at 5 % the chance of more is 1e-4

// The truth is the power from which those of single segments were drawn, 2 % apart: what the next inference costs.
// In the order of native/measure/phases.h. A tenth and a twentieth of a whole inference's time are copies.
constexpr size_t kKinds = 5;
constexpr std::array<double, kKinds> kWatts{190, 600, 170, 538, 118};
constexpr std::array<double, kKinds> kMs{0.1, 0.85, 0.05, 1, 0};
constexpr double kSegmentMs = 250;
constexpr double kSpread = 0.54;

PhaseSpec spec_of_sitting(double whole_w) {
  PhaseSpec spec;
  spec.machine = h100_board(5, Load::kFlat);
  spec.duration_s = 25;
  spec.rest_w = kWatts.back();
  spec.spread = kSpread;
  spec.random_order = true;
  for (const double watts : kWatts) spec.labels.push_back({kSegmentMs, watts});
  spec.labels[3].watts = whole_w;
  return spec;
}

// Of a sum of powers times `ms`, and of its half-width.
struct Combined {
  double value = 0;
  double truth = 0;
  double uncertainty = 0;
};

Combined combine(const Attribution& result, const PhaseSpec& spec, const std::array<double, kKinds>& ms) {
  Combined sum;
  double variance = 0;
  for (size_t i = 0; i < kKinds; ++i) {
    sum.value += ms[i] * result.labels[i].watts;
    sum.truth += ms[i] * spec.labels[i].watts;
    for (size_t j = 0; j < kKinds; ++j) variance += ms[i] * ms[j] * result.covariance.row(i)[j];
  }
  sum.uncertainty = 1.96 * std::sqrt(variance);
  return sum;
}

// Of each kind less idle, and of the three phases less the whole.
std::vector<std::array<double, kKinds>> asked() {
  std::vector<std::array<double, kKinds>> all;
  for (size_t i = 0; i + 1 < kKinds; ++i) {
    all.push_back({});
    all.back()[i] = kMs[i];
    all.back().back() = -kMs[i];
  }
  all.push_back({kMs[0], kMs[1], kMs[2], -kMs[3], 0});
  return all;
}

TEST("statistics: phases of an inference, powers above idle and the closure hold their truth") {
  const PhaseSpec spec = spec_of_sitting(kWatts[3]);
  const auto combinations = asked();
  std::vector<int> misses(combinations.size() + kKinds);
  std::vector<double> half_widths(misses.size());
  for (int i = 0; i < kRuns; ++i) {
    Random random(kSeed + static_cast<uint64_t>(i));
    const PhaseRun run = simulate(spec, random);
    const Attribution result = run.attribute();
    CHECK(result.status == AttributionStatus::kOk);
    for (size_t k = 0; k < kKinds; ++k) {
      const auto& label = result.labels[k];
      CHECK(label.status == AttributionStatus::kOk);
      half_widths[k] += label.uncertainty / kRuns;
      if (std::fabs(label.watts - kWatts[k]) > label.uncertainty) ++misses[k];
    }
    for (size_t c = 0; c < combinations.size(); ++c) {
      const Combined sum = combine(result, spec, combinations[c]);
      half_widths[kKinds + c] += sum.uncertainty / kRuns;
      if (std::fabs(sum.value - sum.truth) > sum.uncertainty) ++misses[kKinds + c];
    }
  }
  for (const int count : misses) CHECK(count <= kMostMisses);
  // What the intervals are good for: of the compute above idle 3 %, of the closure 4 % of the whole.
  CHECK(half_widths[kKinds + 1] < 0.03 * kMs[1] * (kWatts[1] - kWatts[4]));
  CHECK(half_widths.back() < 0.04 * kMs[3] * kWatts[3]);
}

TEST("statistics: phases of an inference, a whole that costs 10 % more than its phases does not close") {
  const PhaseSpec spec = spec_of_sitting(1.1 * kWatts[3]);
  int open = 0;
  constexpr int kFew = 40;
  for (int i = 0; i < kFew; ++i) {
    Random random(kSeed + 1'000'000 + static_cast<uint64_t>(i));
    const PhaseRun run = simulate(spec, random);
    const Combined difference = combine(run.attribute(), spec, asked().back());
    if (std::fabs(difference.value) > difference.uncertainty) ++open;
  }
  CHECK(open >= 0.9 * kFew);
}

}  // namespace
