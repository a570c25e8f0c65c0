// resolution_cost [hours]: what resolving windows costs with so much history behind it, as lines of CSV for
// bench/resolution.mjs; not a test.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include "energy/resolution.h"
#include "energy/window_traits.h"
#include "test/counter_sim.h"

namespace {

using namespace mj;
using namespace mj::energy;
using namespace mj::test;

constexpr int64_t kHistoryNs = 3600 * kNsPerSecond;

// A board whose readings are pushed by hand.
class NoSource final : public Source {
 public:
  NoSource(std::vector<ChannelInfo> channels, Cadence cadence) : channels_(std::move(channels)), cadence_(cadence) {}
  [[nodiscard]] const std::string& name() const noexcept override { return name_; }
  [[nodiscard]] const std::vector<ChannelInfo>& channels() const noexcept override { return channels_; }
  [[nodiscard]] Cadence cadence() const noexcept override { return cadence_; }
  [[nodiscard]] int64_t period_ns() const noexcept override { return channels_[0].traits.period_ns; }
  [[nodiscard]] bool slow() const noexcept override { return false; }
  [[nodiscard]] size_t max_readings() const noexcept override { return 1; }
  ReadOutcome read(RawReading* /*out*/) noexcept override { return {}; }

 private:
  const std::string name_ = "board";
  const std::vector<ChannelInfo> channels_;
  const Cadence cadence_;
};

// 120 W, and 600 W for 50 ms of each second.
Profile second_by_second(int64_t length_ns) {
  std::vector<int64_t> breaks;
  for (int64_t t = 0; t <= length_ns; t += kNsPerSecond) {
    breaks.push_back(t);
    breaks.push_back(t + 50 * kNsPerMs);
  }
  return Profile(breaks, [](int64_t t) { return t % kNsPerSecond < 50 * kNsPerMs ? 600.0 : 120.0; }, ms(25));
}

std::shared_ptr<Series> series(const ChannelInfo& info, Cadence cadence) {
  return std::make_shared<Series>(NoSource({info}, cadence), info, kHistoryNs);
}

// The counter and the ring of an H100, for so long.
MeterData board(int64_t length_ns) {
  Random random(20'261'126);
  const Profile profile = second_by_second(length_ns);
  ChannelInfo counter;
  counter.id = "board-0";
  counter.uuid = "GPU-0";
  counter.traits = nvml_board_traits(700, 0);
  ChannelInfo ring = counter;
  ring.kind = ReadingKind::kPower;
  ring.sampled = true;
  ring.sample_traits = nvml_ring_traits();
  ring.traits.period_ns = 20 * kNsPerMs;

  MeterData data;
  data.gate = std::make_shared<WindowGate>(false);
  data.channels.resize(1);
  MeterChannel& channel = data.channels[0];
  channel.info = counter;
  channel.series = series(counter, Cadence::kEdges);
  channel.health = std::make_shared<ThreadHealth>("board");
  data.power.push_back(series(ring, Cadence::kPeriodic));
  for (const Edge& edge : observe(profile, CounterSpec{}, 0, length_ns, random)) channel.series->edges->push(edge);
  for (const PowerSample& sample : observe(profile, RingSpec{}, 0, length_ns, random))
    data.power[0]->power->push(sample);
  return data;
}

struct Case {
  const char* name;
  int64_t window_ns;
  int64_t idle_ns;
  size_t windows;  // in one call, side by side over the whole history
  int calls;
};

double percentile(std::vector<double>& values, double p) {
  const auto place = values.begin() + static_cast<ptrdiff_t>(p * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), place, values.end());
  return *place;
}

ResolutionRequest request_of(const Case& one, int64_t history_ns, Random& random) {
  ResolutionRequest request;
  const auto space = static_cast<double>(history_ns - one.window_ns - 4 * kNsPerSecond);
  for (size_t i = 0; i < one.windows; ++i) {
    const double where =
        one.windows == 1 ? random.uniform() : (static_cast<double>(i) + 0.5) / static_cast<double>(one.windows);
    // A burst begins on each second.
    const int64_t a = (2 + static_cast<int64_t>(where * space / 1e9)) * kNsPerSecond;
    request.windows.push_back({a, a + one.window_ns, one.idle_ns, one.idle_ns});
  }
  return request;
}

void measure(const MeterData& data, const Case& one, int64_t history_ns) {
  Random random(7);
  std::vector<double> us;
  double sum = 0;
  for (int call = 0; call < one.calls; ++call) {
    const ResolutionRequest request = request_of(one, history_ns, random);
    const int64_t begin = thread_cpu_ns();
    const Resolution resolution = resolve_windows(data, request);
    us.push_back(static_cast<double>(thread_cpu_ns() - begin) / kNsPerUs / static_cast<double>(one.windows));
    sum += resolution.fields[2];
  }
  if (!(sum > 0)) throw std::runtime_error("no energy");
  std::printf("%s,%zu,%.2f,%.2f\n", one.name, one.windows, percentile(us, 0.5), percentile(us, 0.99));
}

}  // namespace

int main(int argc, char** argv) try {
  const double hours = argc > 1 ? std::strtod(argv[1], nullptr) : 1;
  const auto history_ns = static_cast<int64_t>(hours * 3600e9);
  if (history_ns < 60 * kNsPerSecond) throw std::runtime_error("resolution_cost [hours, at least 1/60]");
  const MeterData data = board(history_ns);
  const Case cases[] = {
      {"50 ms", 50 * kNsPerMs, 0, 1, 2000},    {"50 ms and idle", 50 * kNsPerMs, 400 * kNsPerMs, 1, 2000},
      {"10 s", 10 * kNsPerSecond, 0, 1, 2000}, {"half of the history", history_ns / 2, 0, 1, 200},
      {"50 ms", 50 * kNsPerMs, 0, 1000, 20},   {"50 ms and idle", 50 * kNsPerMs, 400 * kNsPerMs, 1000, 20},
  };
  std::printf("window,windows_a_call,p50_us,p99_us\n");
  for (const Case& one : cases) measure(data, one, history_ns);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
