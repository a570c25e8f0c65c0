#include "energy/aligned_window.h"

#include <cmath>
#include <thread>
#include <tuple>

#include "energy/alignment.h"
#include "energy/window_traits.h"
#include "test/check.h"
#include "test/counter_sim.h"
#include "test/stepping_source.h"

namespace {

using namespace mj;
using namespace mj::energy;
using mj::test::Profile;
using mj::test::Random;
using mj::test::SteppingSource;

constexpr int64_t kUs = kNsPerUs;
constexpr int64_t kMs = kNsPerMs;
constexpr double kQuantum = 0x1p-14;

// A register that is refreshed each millisecond, some 20 us early or late, and shows that some time later; read every
// few microseconds.
struct Register {
  Random& random;
  const Profile& power;
  int64_t phase;
  double late_ns;

  [[nodiscard]] std::vector<Edge> steps(int64_t from, int64_t to) const {
    std::vector<Edge> steps;
    for (int64_t k = (from - phase) / kMs; k <= (to - phase) / kMs; ++k) {
      const int64_t at = phase + k * kMs + static_cast<int64_t>(random.normal() * 20e3);
      const auto width = static_cast<int64_t>(random.uniform(1, 12) * 1e3);
      const int64_t shown = at + static_cast<int64_t>(random.uniform() * late_ns);
      const int64_t lo = shown - static_cast<int64_t>(random.uniform() * static_cast<double>(width));
      const double joules = std::floor(power.energy(0, at) / kQuantum) * kQuantum;
      if (lo >= from && lo + width <= to) steps.push_back({lo, lo + width, joules});
    }
    return steps;
  }
};

Span<Edge> span(const std::vector<Edge>& edges) { return {edges.data(), edges.size()}; }

struct Score {
  int held = 0;
  double squares = 0;
  double width = 0;
};

// Windows of the same length at random phases; the spin's power differs from the work's and varies by a few per cent.
Score score(int64_t length, double spin_w, double work_w, double late_ns, int runs) {
  Random random(20261126);
  Score score;
  for (int i = 0; i < runs; ++i) {
    const auto a = 30 * kMs + static_cast<int64_t>(random.uniform() * 1e6);
    const int64_t b = a + length;
    std::vector<int64_t> breaks = {a, b};
    for (int64_t at = 0; at < b + 40 * kMs; at += 200 * kUs) breaks.push_back(at);
    const Profile power(
        breaks, [&](int64_t at) { return (at < a || at > b ? spin_w : work_w) * (1 + 0.04 * random.normal()); });
    const Register counter{random, power, static_cast<int64_t>(random.uniform() * 1e6), late_ns};
    // At any phase: as the domains beside the one whose step the window begins at.
    const auto before = counter.steps(a - 10 * kMs, a);
    const auto after = counter.steps(b, b + 10 * kMs);
    const Figure figure = aligned_window({span(before), span(after)}, a, b, rapl_traits(kQuantum, 200, 0));
    const double error = figure.value - power.energy(a, b);
    score.held += std::fabs(error) <= figure.uncertainty ? 1 : 0;
    score.squares += error * error;
    score.width += figure.uncertainty;
  }
  return score;
}

TEST("aligned window: the truth lies within the interval, which is no wider than it must be") {
  constexpr int kRuns = 1'000;
  for (const auto& [length, spin_w, work_w, late_ns] : {std::tuple{3 * kMs, 60.0, 120.0, 0.0},
                                                        {300 * kUs, 60.0, 120.0, 0.0},
                                                        {50 * kMs, 60.0, 20.0, 0.0},
                                                        {3 * kMs, 60.0, 120.0, 150e3}}) {
    const Score result = score(length, spin_w, work_w, late_ns, kRuns);
    CHECK(result.held >= static_cast<int>(0.95 * kRuns));
    const double rmse = std::sqrt(result.squares / kRuns);
    CHECK(result.width / kRuns <= 5 * rmse);
    // A step of the spin is 60 mJ.
    CHECK(result.width / kRuns < (late_ns > 0 ? 0.02 : 0.005));
  }
}

TEST("aligned window: steady power, and each term by itself") {
  std::vector<Edge> before;
  std::vector<Edge> after;
  for (int k = 0; k < 9; ++k) {
    before.push_back({k * kMs, k * kMs, 0.05 * k});
    after.push_back({(12 + k) * kMs, (12 + k) * kMs, 0.7 + 0.05 * k});
  }
  CounterTraits traits;
  const auto at = [&] { return aligned_window({span(before), span(after)}, 8 * kMs, 11'500 * kUs, traits); };
  // From step to step 0.3 J; half a millisecond of the spin's 50 W are none of the window's.
  CHECK_NEAR(at().value, 0.275, 1e-12);
  CHECK_NEAR(at().uncertainty, 0, 1e-9);
  CHECK(at().status == EstimateStatus::kOk);
  traits.quantum_j = 0.01;
  CHECK_NEAR(at().terms[static_cast<size_t>(Term::kQuantum)], 0.01 * (1 - std::sqrt(0.05)), 1e-12);
  traits.mark_delay_ns = 1000;
  CHECK_NEAR(at().terms[static_cast<size_t>(Term::kMarkDelay)], 75e-6 * 1.96 * std::sqrt(2.0 / 3), 1e-9);
  // A bracket in which the thread did not run: at the work's power.
  after.front().hi += 200 * kUs;
  after.front().lo -= 200 * kUs;
  CHECK_NEAR(at().terms[static_cast<size_t>(Term::kEdgeTiming)], 75 * 200e-6 * 0.95, 1e-6);
}

TEST("aligned window: where the spin's power was not seen there is no figure") {
  const std::vector<Edge> steps = {{0, 0, 0}, {kMs, kMs, 0.1}};
  const Figure figure = aligned_window({span(steps), span(steps)}, kMs, 2 * kMs, {});
  CHECK(figure.status == EstimateStatus::kSuspect);
  CHECK(std::isnan(figure.value));
}

std::shared_ptr<MeterData> meter_of(const std::vector<std::shared_ptr<SteppingSource>>& sources) {
  const auto data = std::make_shared<MeterData>();
  data->gate = std::make_shared<WindowGate>(false, false);
  for (const auto& source : sources) {
    MeterChannel channel;
    channel.info = source->channels()[0];
    channel.series = std::make_shared<Series>(*source, channel.info, kNsPerSecond);
    channel.source = source;
    data->channels.push_back(std::move(channel));
  }
  return data;
}

TEST("alignment: windows on this thread, at a counter whose energy is known at every instant") {
  const auto source = std::make_shared<SteppingSource>(10 * kMs);
  const auto data = meter_of({source});
  constexpr int kWindows = 20;
  int aligned = 0;
  int held = 0;
  for (int i = 0; i < kWindows; ++i) {
    Alignment alignment(data);
    CHECK(alignment.possible().ok());
    alignment.open();
    const int64_t a = monotonic_ns();
    std::this_thread::sleep_for(std::chrono::milliseconds(4));
    const int64_t b = monotonic_ns();
    alignment.close(a, b);
    const Alignment::Outcome outcome = alignment.outcomes().front();
    if (!outcome.unaligned.ok()) continue;
    const double truth = SteppingSource::kWatts * static_cast<double>(b - a) * 1e-9;
    ++aligned;
    held += std::fabs(outcome.figure.value - truth) <= outcome.figure.uncertainty ? 1 : 0;
  }
  // A busy machine lets some steps go by unseen.
  CHECK(aligned > 0);
  CHECK(10 * held >= 8 * aligned);
}

TEST("alignment: of a counter that stands still, fails or restarts it says why, and another one is not held up") {
  const auto good = std::make_shared<SteppingSource>(10 * kMs);
  const auto still = std::make_shared<SteppingSource>(10 * kMs);
  const auto failing = std::make_shared<SteppingSource>(10 * kMs);
  const auto restarting = std::make_shared<SteppingSource>(10 * kMs);
  still->still = true;
  failing->failing = true;
  Alignment alignment(meter_of({good, still, failing, restarting}));
  alignment.open();
  const int64_t a = monotonic_ns();
  restarting->restart();
  alignment.close(a, monotonic_ns());
  const auto outcomes = alignment.outcomes();
  // On a busy machine some of its steps go by unseen.
  CHECK(outcomes[0].unaligned.ok() || outcomes[0].unaligned.message.find("It stepped") == 0);
  CHECK(outcomes[1].unaligned.message.find("counter-stuck") != std::string::npos);
  CHECK(outcomes[2].unaligned.message.find("device-lost") != std::string::npos);
  CHECK(outcomes[3].unaligned.message.find("counter-") != std::string::npos);
}

TEST("alignment: what cannot be watched is refused with the reason") {
  const auto slow = std::make_shared<SteppingSource>(10 * kMs);
  slow->quick = false;
  const Status status = Alignment(meter_of({slow})).possible();
  CHECK(status.code == Code::kNotSupported);
  CHECK(status.message.find("takes too long") != std::string::npos);
  const auto filtered = meter_of({std::make_shared<SteppingSource>(10 * kMs)});
  filtered->channels[0].info.traits.filter_ns = 50 * kMs;
  CHECK(Alignment(filtered).possible().message.find("deliberate noise") != std::string::npos);
  const Status none = Alignment(meter_of({})).possible();
  CHECK(none.code == Code::kNotSupported && !none.remedy.empty());
}

}  // namespace
