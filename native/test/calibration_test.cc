#include "energy/calibration.h"

#include <future>

#include "energy/meter.h"
#include "test/calibration_sim.h"
#include "test/check.h"
#include "test/fake_nvml.h"
#include "test/window_fixture.h"

namespace {

using namespace mj::energy;
using namespace mj::test;

constexpr uint64_t kSeed = 20'261'126;

BoardSpec board(double tau_ms, double lag_ms, double gain, double amplitude, double reach_ms) {
  BoardSpec spec;
  spec.tau_ms = tau_ms;
  spec.ring.lag_ms = lag_ms;
  spec.ring.gain = gain;
  spec.phase_amplitude = amplitude;
  spec.phase_reach_ms = reach_ms;
  return spec;
}

BoardSpec usual_board() { return board(13, 3, 1, 0.2, 20); }
BoardSpec slow_board() { return board(26, 8, 1.03, 0.6, 40); }
BoardSpec quick_board() { return board(7, 1, 0.98, 0.05, 10); }

BoardRun run_of(const BoardSpec& spec, uint64_t seed) {
  Random random(kSeed + seed);
  return simulate(spec, random);
}

Calibration calibration_of(const BoardRun& run) {
  const CalibrationResult result = run.calibrate();
  CHECK_EQ(result.reason, "");
  CHECK(result.calibration.has_value());
  return *result.calibration;
}

double sensitivity(const Calibration& found, double length_ms) {
  return found.phase_sensitivity / (1 + length_ms * 1e6 / found.phase_reach_ns);
}

struct Tally {
  int runs = 0;
  int held = 0;
  double half_widths = 0;
};

// Of the bursts of a run, with these traits.
Tally tally_of(const BoardRun& run, const CounterTraits& traits, const SampleTraits& sample_traits) {
  BoardRun own = run;
  own.traits = traits;
  own.sample_traits = sample_traits;
  const CounterView view = own.view();
  Tally out;
  for (size_t i = 0; i < run.bursts.size(); ++i) {
    if (!(run.bursts[i].kind_ms > 0)) continue;
    const Figure caused = estimate(view, run.bursts[i].window).caused;
    ++out.runs;
    out.held += contains(caused, run.caused_j[i]) ? 1 : 0;
    out.half_widths += caused.uncertainty / run.caused_j[i];
  }
  return out;
}

void add(const Tally& one, Tally& sum) {
  sum.runs += one.runs;
  sum.held += one.held;
  sum.half_widths += one.half_widths;
}

TEST("statistics: calibration finds the figures of simulated boards within what it states") {
  int tau_misses = 0;
  int runs = 0;
  for (const BoardSpec& spec : {usual_board(), slow_board(), quick_board()}) {
    for (uint64_t seed = 0; seed < 8; ++seed) {
      const Calibration found = calibration_of(run_of(spec, seed));
      ++runs;
      const double tau_u = found.time_constant_ns * found.time_constant_u / 1e6;
      if (std::fabs(found.time_constant_ns / 1e6 - spec.tau_ms) > 2 * tau_u) ++tau_misses;
      CHECK(tau_u < 0.3 * spec.tau_ms);
      CHECK_NEAR(found.period_ns / 1e6, spec.counter.period_ms, 0.01);
      CHECK(found.grid_jitter_ns / 1e6 < 1.5 * spec.counter.jitter_ms);
      CHECK(found.mark_delay_ns / 1e6 < 6);
      CHECK_NEAR(found.displacement_ns / 1e6, spec.counter.displacement_ms, 3);
      CHECK_NEAR(found.idle_noise_w, spec.idle_noise_w, 1);
      CHECK(found.ring.has_value());
      CHECK_NEAR(found.ring->lag_ns / 1e6, spec.ring.lag_ms, 2);
      CHECK_NEAR(found.ring->gain, spec.ring.gain, 3 * found.ring->gain_u);
      CHECK(found.ring->gain_u < 0.02);
      CHECK_NEAR(found.ring->stamp_jitter_ns / 1e6, spec.ring.stamp_jitter_ms, 0.3);
      CHECK_NEAR(found.ring->noise_w, spec.ring.noise_w, 1.5);
      for (const double length : spec.kinds_ms) {
        // The half-width of a rectangle with the scatter of a sine.
        const double truth = std::sqrt(1.5) * spec.phase_amplitude / (1 + length / spec.phase_reach_ms);
        if (truth > 0.1) CHECK(sensitivity(found, length) > 0.75 * truth);
        CHECK(sensitivity(found, length) < 2 * truth + 1 / length);  // what hides in other terms
      }
    }
  }
  CHECK(tau_misses <= runs / 5);
}

TEST(
    "statistics: calibrated intervals hold bursts of another run, narrower on a better board and wider on a worse "
    "one") {
  Tally pooled;
  BoardSpec worse = slow_board();
  worse.phase_reach_ms = 200;
  const std::pair<BoardSpec, double> boards[] = {{usual_board(), -1}, {quick_board(), -1}, {worse, 1}};
  for (const auto& [spec, wider] : boards) {
    Tally calibrated;
    Tally built_in;
    for (uint64_t seed = 0; seed < 3; ++seed) {
      const BoardRun further = run_of(spec, 1000 + seed);
      const Calibration found = calibration_of(run_of(spec, 100 + seed));
      CounterTraits traits = further.traits;
      SampleTraits sample_traits = further.sample_traits;
      apply_calibration(found, traits);
      apply_calibration(*found.ring, sample_traits);
      add(tally_of(further, traits, sample_traits), calibrated);
      add(tally_of(further, further.traits, further.sample_traits), built_in);
    }
    CHECK(wider * calibrated.half_widths > wider * built_in.half_widths);
    CHECK(calibrated.held >= 0.92 * calibrated.runs);
    add(calibrated, pooled);
  }
  CHECK(pooled.held >= 0.95 * pooled.runs);
}

TEST("calibration: a counter that adds up samples 20 ms apart, and one without a ring") {
  BoardSpec spec = board(13, 3, 1, 0, 20);
  spec.counter.sampling_ms = 20;
  const CalibrationResult sampled = run_of(spec, 1).calibrate();
  CHECK(sampled.calibration.has_value());
  // The impulse response of such sums: 0.44 of a short burst's energy, as a standard deviation, less of 5 ms.
  CHECK(sensitivity(*sampled.calibration, 5) > 0.4);
  CHECK(sampled.held >= 0.9 * static_cast<double>(sampled.tested));
  spec.counter.sampling_ms = 0;
  spec.has_ring = false;
  const Calibration bare = calibration_of(run_of(spec, 2));
  CHECK(!bare.ring.has_value());
  CHECK_NEAR(bare.time_constant_ns / 1e6, 13, 4);
}

TEST("calibration: bursts held back that scatter more widen the sensitivity to phase") {
  BoardSpec spec = usual_board();
  CHECK(run_of(spec, 3).calibrate().widened < 1.2);
  spec.odd_amplitude = 4;
  const CalibrationResult result = run_of(spec, 3).calibrate();
  CHECK(result.widened > 1.5);
  CHECK(result.held >= 0.95 * static_cast<double>(result.tested));
}

TEST("calibration: lengths that disagree about the filter make its time constant less certain") {
  BoardSpec spec = usual_board();
  const Calibration agreed = calibration_of(run_of(spec, 4));
  spec.late_ms = 8;
  const Calibration disagreed = calibration_of(run_of(spec, 4));
  CHECK(disagreed.time_constant_u > 1.3 * agreed.time_constant_u);
  CHECK(disagreed.mark_delay_ns > agreed.mark_delay_ns);
}

TEST("calibration: too few bursts, lengths or updates, and bursts without energy, are refused with a reason") {
  BoardSpec spec = usual_board();
  spec.kinds_ms = {5, 20};
  spec.count = 20;
  const BoardRun enough = run_of(spec, 5);
  CHECK(enough.calibrate().calibration.has_value());
  const auto refused = [](const BoardRun& run, const std::string& text) {
    const CalibrationResult result = run.calibrate();
    CHECK(!result.calibration.has_value());
    if (result.reason.find(text) == std::string::npos) fail(__FILE__, __LINE__, result.reason);
  };
  BoardRun run = enough;
  for (CalibrationBurst& burst : run.bursts) burst.kind_ms = std::min(burst.kind_ms, 5.0);
  refused(run, "bursts of 2 lengths at least");
  run = enough;
  run.bursts.resize(run.bursts.size() / 2);
  refused(run, "needs 20 bursts of each length");
  run = enough;
  std::vector<Edge> thinned;
  for (size_t i = 0; i < run.edges.size(); i += 10) thinned.push_back(run.edges[i]);
  run.edges = thinned;
  refused(run, "updates of about");
  run = enough;
  for (size_t i = 1; i < run.edges.size(); ++i) run.edges[i].joules = 12 * static_cast<double>(i);
  run.samples.clear();
  refused(run, "no energy");
  run.edges.clear();
  refused(run, "0 updates");
  run.bursts.clear();
  refused(run, "there are 0");
}

TEST("calibration: bursts beside a fault are left out") {
  BoardSpec spec = usual_board();
  const BoardRun run = run_of(spec, 6);
  const size_t place = 40;
  const FaultEvent fault{run.bursts[place].window.a, Fault::kJump};
  CounterView view = run.view();
  view.faults = {&fault, 1};
  const CalibrationResult result = calibrate(view, {run.bursts.data(), run.bursts.size()});
  CHECK(result.calibration.has_value());
  size_t count = 0;
  for (const CalibrationKind& kind : result.kinds) count += kind.count;
  CHECK(count + result.sham.count < run.bursts.size());
}

bool sound(const Calibration& c) {
  for (const double value :
       {c.period_ns, c.grid_jitter_ns, c.quantum_j, c.time_constant_ns, c.time_constant_u, c.mark_delay_ns,
        c.phase_sensitivity, c.phase_reach_ns, c.displacement_ns, c.idle_noise_w}) {
    if (!std::isfinite(value) || value < 0) return false;
  }
  if (!c.ring) return true;
  const RingCalibration& ring = *c.ring;
  return std::isfinite(ring.lag_ns) && ring.noise_w > 0 && ring.gain > 0 && ring.gain_u >= 0 &&
         std::isfinite(ring.gain_u) && std::isfinite(ring.noise_w) && ring.stamp_jitter_ns >= 0;
}

TEST("calibration: whatever the readings, its figures are numbers or there are none") {
  Random random(kSeed);
  int found = 0;
  for (int i = 0; i < 30; ++i) {
    const bool wild = random.chance(0.5);
    const auto maybe = [&](double usual, double lo, double hi) { return wild ? random.uniform(lo, hi) : usual; };
    BoardSpec spec = board(random.uniform(0, 40), random.uniform(-5, 30), maybe(1, 0.3, 2.5), random.uniform(0, 1),
                           random.uniform(1, 100));
    spec.count = static_cast<int>(random.uniform(19, 30));
    spec.gap_ms = maybe(350, 20, 400);
    spec.excess_w = maybe(600, 0, 900);
    spec.idle_w = random.uniform(0, 200);
    spec.counter.call_ms = random.uniform(0, 30);
    spec.counter.displaced = maybe(0.1, 0, 1);
    spec.counter.jitter_ms = maybe(0.5, 0, 5);
    spec.counter.quantum_j = random.chance(0.2) ? 5 : 1e-3;
    BoardRun run = simulate(spec, random);
    for (Edge& edge : run.edges) {
      if (wild && random.chance(0.02)) edge.joules += random.uniform(-50, 50);
    }
    if (random.chance(0.3)) run.samples.resize(run.samples.size() / 3);
    if (wild && random.chance(0.3)) run.traits = CounterTraits{};
    if (random.chance(0.2)) run.bursts[3].window.b = run.bursts[3].window.a;
    const CalibrationResult result = run.calibrate();
    CHECK_EQ(result.reason.empty(), result.calibration.has_value());
    if (!result.calibration) continue;
    ++found;
    CHECK(sound(*result.calibration));
    CHECK(std::isfinite(result.widened) && result.widened >= 1);
    for (const CalibrationKind& kind : result.kinds) {
      CHECK(std::isfinite(kind.mean_j) && std::isfinite(kind.mean_relative_u) && std::isfinite(kind.relative_scatter));
    }
  }
  CHECK(found > 5);
}

TEST("calibration: a meter uses the figures of its board in place of the built-in ones, and of no other") {
  const FakeNvml fake(kOneBoard);
  Calibration own;
  own.uuid = "GPU-1111";
  own.period_ns = 100e6;
  own.time_constant_ns = 20e6;
  own.time_constant_u = 0.05;
  own.phase_sensitivity = 0.3;
  own.phase_reach_ns = 9e6;
  Calibration other = own;
  other.uuid = "GPU-2222";
  other.phase_sensitivity = 0.9;
  MeterOptions options;
  options.sources = {"nvml"};
  options.request.roots.nvml = fake.path();
  options.history_seconds = 10;
  options.calibrations = {own, other};
  std::shared_ptr<Meter> meter;
  CHECK(Meter::open(options, meter).ok());
  const MeterData& data = meter->data();
  const CounterTraits traits = data.traits(data.channels.at(0));
  CHECK_EQ(traits.decay_ns, ms(100));
  CHECK_NEAR(traits.phase_sensitivity, 0.3, 1e-12);
  CHECK_NEAR(traits.dense_phase_sensitivity, 0.65, 1e-12);  // not calibrated
  std::promise<std::string> reason;
  meter->calibrate({0, {}}, [&reason](const mj::Status& status, const CalibrationResult& result) {
    reason.set_value(status.ok() ? result.reason : status.message);
  });
  CHECK_EQ(reason.get_future().get(), "There are no bursts to calibrate on.");
}

}  // namespace
