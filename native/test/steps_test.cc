#include "energy/steps.h"

#include <cmath>
#include <thread>

#include "energy/step_recorder.h"
#include "test/check.h"
#include "test/counter_sim.h"
#include "test/stepping_source.h"

namespace {

using namespace mj;
using namespace mj::energy;
using mj::test::Random;
using mj::test::SteppingSource;

constexpr int64_t kUs = kNsPerUs;
constexpr int64_t kMs = kNsPerMs;

TEST("steps: the interval of two rectangular errors is that of their trapezoid") {
  CHECK_NEAR(rectangular_pair95(1, 0), 0.95, 1e-12);
  CHECK_NEAR(rectangular_pair95(0, 2), 1.9, 1e-12);
  CHECK_NEAR(rectangular_pair95(1, 1), 2 - 2 * std::sqrt(0.05), 1e-12);
  CHECK_EQ(rectangular_pair95(0, 0), 0.0);
  Random random(5);
  for (const double b : {0.02, 0.3, 1.0}) {
    const double half = rectangular_pair95(1, b);
    int inside = 0;
    constexpr int kDraws = 20'000;
    for (int i = 0; i < kDraws; ++i) inside += std::fabs(random.uniform(-1, 1) + random.uniform(-b, b)) <= half ? 1 : 0;
    CHECK_NEAR(static_cast<double>(inside) / kDraws, 0.95, 0.006);
  }
}

TEST("steps: power between steps, with the uncertainty of their brackets and of the quantum") {
  const std::vector<Edge> steps = {{0, 0, 0}, {1 * kMs, 1 * kMs, 0.1}, {2 * kMs, 2 * kMs, 0.3}};
  const auto exact = powers_between({steps.data(), steps.size()}, 0);
  CHECK_EQ(exact.size(), 2U);
  CHECK_NEAR(exact[0].watts, 100, 1e-9);
  CHECK_NEAR(exact[1].watts, 200, 1e-9);
  CHECK_EQ(exact[0].uncertainty, 0.0);
  CHECK_NEAR(powers_between({steps.data(), 2}, 0.01)[0].uncertainty, 10 * (1 - std::sqrt(0.05)), 1e-9);
  CHECK(powers_between({steps.data(), 1}, 0).empty());
  CHECK(powers_between({}, 0).empty());
}

TEST("steps: the stated interval of a power holds the truth as often as it says") {
  Random random(11);
  constexpr double kWatts = 80;
  constexpr double kQuantum = 0.002;
  int holds = 0;
  constexpr int kSteps = 4'000;
  std::vector<Edge> steps;
  for (int64_t k = 1; k <= kSteps + 1; ++k) {
    // Read each 10 to 60 us: an update lies anywhere between two reads.
    const int64_t width = static_cast<int64_t>(random.uniform(10, 60)) * kUs;
    const auto into = static_cast<int64_t>(random.uniform() * static_cast<double>(width));
    const double joules = std::floor((kWatts * static_cast<double>(k) * 1e-3 + random.uniform() * kQuantum) / kQuantum);
    steps.push_back({k * kMs - into, k * kMs - into + width, joules * kQuantum});
  }
  for (const StepPower& power : powers_between({steps.data(), steps.size()}, kQuantum)) {
    holds += std::fabs(power.watts - kWatts) <= power.uncertainty ? 1 : 0;
  }
  CHECK(holds >= 0.94 * kSteps);
}

MeterChannel channel_of(const std::shared_ptr<SteppingSource>& source) {
  MeterChannel channel;
  channel.info = source->channels()[0];
  channel.series = std::make_shared<Series>(*source, channel.info, kNsPerSecond);
  channel.source = source;
  return channel;
}

const std::atomic<bool> kGoOn{false};

// On a thread of its own, since it is pinned.
Status record(const std::shared_ptr<SteppingSource>& source, int64_t duration_ns, StepRecord& out,
              const std::atomic<bool>& stop = kGoOn) {
  Status status;
  std::thread([&] { status = record_steps(channel_of(source), duration_ns, stop, out); }).join();
  return status;
}

TEST("step recorder: each step is stamped with an interval that holds the update") {
  const auto source = std::make_shared<SteppingSource>(10 * kMs, std::vector<int>{0});
  StepRecord record_out;
  CHECK(record(source, 300 * kMs, record_out).ok());
  CHECK(record_out.fault == Fault::kNone);
  CHECK(record_out.end - record_out.start >= 300 * kMs);
  CHECK_EQ(source->allowed_cpus, 1);
  CHECK(record_out.read_p50_us > 0 && record_out.read_p99_us >= record_out.read_p50_us);
  // No update is lost without being told; one after the last step seen may be due on a busy machine.
  CHECK(!record_out.steps.empty());
  // Of the record's own joules, which count from its first read: that may come late.
  constexpr double kUpdateJ = SteppingSource::kWatts * 1e-3;
  const auto updates = static_cast<uint64_t>(std::llround(record_out.steps.back().joules / kUpdateJ));
  CHECK(record_out.steps.size() + record_out.missed >= updates);
  CHECK(record_out.steps.size() <= updates);
  CHECK_EQ(record_out.powers.size() + 1, record_out.steps.size());
  const double origin = source->first_joules;
  double worst = 0;
  for (const Edge& step : record_out.steps) {
    // The update to this value came at the whole millisecond at which the energy reached it.
    const double reached = (step.joules + origin) / SteppingSource::kWatts * 1e3;
    const auto update = static_cast<int64_t>(std::llround(reached)) * SteppingSource::kUpdateNs;
    CHECK(step.lo <= update && update <= step.hi);
    worst = std::max(worst, std::fabs(reached - std::round(reached)));
  }
  CHECK(worst < 0.02);
  // Of a busy machine's steps some are stamped late.
  int good = 0;
  for (const StepPower& power : record_out.powers) {
    good += std::fabs(power.watts - SteppingSource::kWatts) <= power.uncertainty ? 1 : 0;
  }
  CHECK(good >= static_cast<int>(0.5 * static_cast<double>(record_out.powers.size())));
}

TEST("step recorder: a restart ends the record, and what came before it stands") {
  const auto source = std::make_shared<SteppingSource>(10 * kMs);
  std::thread restart([&] {
    // Several updates have been seen by then.
    while (source->last_joules - source->first_joules < 5 * SteppingSource::kWatts * 1e-3) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    source->restart();
  });
  StepRecord out;
  const Status status = record(source, 10 * kNsPerSecond, out);
  restart.join();
  CHECK(status.ok());
  CHECK(out.fault == Fault::kReset || out.fault == Fault::kBackwards);
  CHECK(out.end - out.start < 9 * kNsPerSecond);
  CHECK(!out.steps.empty());
  for (size_t i = 1; i < out.steps.size(); ++i) CHECK(out.steps[i].joules > out.steps[i - 1].joules);
}

TEST("step recorder: a counter that is lost, a meter that is closed and a source that is too slow say so") {
  const auto source = std::make_shared<SteppingSource>(10 * kMs);
  StepRecord out;
  source->failing = true;
  CHECK(record(source, kNsPerSecond, out).code == Code::kCounterLost);
  source->failing = false;
  const std::atomic<bool> closed{true};
  CHECK(record(source, kNsPerSecond, out, closed).code == Code::kMeterClosed);
  source->quick = false;
  const Status slow = record(source, kNsPerSecond, out);
  CHECK(slow.code == Code::kNotSupported);
  CHECK(!slow.remedy.empty());
  MeterChannel unreadable;
  unreadable.info.unsupported = {Code::kPermissionDenied, "No."};
  CHECK(record_steps(unreadable, kMs, kGoOn, out).code == Code::kPermissionDenied);
}

}  // namespace
