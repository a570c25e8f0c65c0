// What must hold from the reads to the figure: any reads make a timeline that the estimator can answer from.
#include "energy/counter_tracker.h"
#include "energy/timeline.h"
#include "energy/window_traits.h"
#include "test/window_fuzz.h"

namespace {

using namespace mj;
using namespace mj::energy;
using namespace mj::test;

struct Read {
  int64_t before;
  int64_t after;
  uint64_t raw;
};

constexpr uint64_t kModulus = 1ULL << 32U;

ChannelInfo random_channel(Random& random) {
  ChannelInfo channel;
  channel.scope = random.chance(0.5) ? Scope::kBoard : Scope::kPackage;
  channel.modulus = channel.scope == Scope::kPackage ? kModulus : 0;
  channel.unit = channel.modulus > 0 ? 0x1p-14 : 1e-3;
  channel.traits = channel.modulus > 0 ? rapl_traits(channel.unit, 165, 0) : nvml_board_traits(700, 0);
  if (random.chance(0.2)) channel.traits.max_power_w = 0;
  return channel;
}

// Reads of a counter that goes well for a while, and then wraps, restarts, steps back, jumps, stands still, is not read
// for a long time, or is read twice at once.
std::vector<Read> random_reads(Random& random, const ChannelInfo& channel) {
  std::vector<Read> reads;
  int64_t t = ms(random.uniform(0, 500));
  auto raw = static_cast<double>(random.next() % (channel.modulus > 0 ? kModulus : 1'000'000));
  const auto count = static_cast<int>(random.uniform(1, 300));
  for (int i = 0; i < count; ++i) {
    const double gap_ms = random.chance(0.02) ? random.uniform(1000, 3'000'000) : random.uniform(0, 60);
    t += ms(gap_ms);
    const double watts = random.chance(0.05) ? random.uniform(0, 5000) : random.uniform(0, 400);
    if (!random.chance(0.2)) raw += watts * gap_ms * 1e-3 / channel.unit;
    if (random.chance(0.01)) raw = random.uniform(0, 1000);
    if (random.chance(0.01)) raw = std::max(0.0, raw - random.uniform(0, 1e6));
    if (random.chance(0.01)) raw += random.uniform(0, 1e9);
    if (channel.modulus > 0) raw = std::fmod(raw, static_cast<double>(kModulus));
    reads.push_back({t, t + ms(random.uniform(0, 5)), static_cast<uint64_t>(raw)});
    t = reads.back().after;
    if (random.chance(0.05)) reads.push_back(reads.back());
  }
  return reads;
}

Series timeline_of(const std::vector<Read>& reads, const ChannelInfo& channel) {
  Series out;
  out.traits = channel.traits;
  CounterTracker tracker(counter_rules(channel, channel.modulus > 0 ? ms(10) : 0));
  for (const Read& read : reads) {
    const auto outcome = tracker.observe(read.before, read.after, read.raw);
    if (outcome.fault.fault != Fault::kNone) out.faults.push_back(outcome.fault);
    // As a timeline keeps them: a hold only together with the edge after it.
    if (outcome.has_edge && outcome.has_hold) out.edges.push_back(outcome.hold);
    if (outcome.has_edge) out.edges.push_back(outcome.edge);
  }
  return out;
}

Window window_within(const std::vector<Read>& reads, Random& random) {
  const double from = static_cast<double>(reads.front().before) * 1e-6 - 500;
  const double to = static_cast<double>(reads.back().after) * 1e-6 + 500;
  Window window;
  window.a = ms(random.uniform(from, to));
  window.b = window.a + ms(random.chance(0.5) ? random.uniform(0, 300) : random.uniform(0, to - from));
  if (random.chance(0.5)) window.idle_before_ns = ms(random.uniform(0, 1000));
  if (random.chance(0.5)) window.idle_after_ns = ms(random.uniform(0, 1000));
  return window;
}

TEST("properties: whatever is read, energies never run backwards and every figure is sound") {
  Random random(20'261'127);
  int with_faults = 0;
  for (int run = 0; run < 3000; ++run) {
    const ChannelInfo channel = random_channel(random);
    const std::vector<Read> reads = random_reads(random, channel);
    const Series series = timeline_of(reads, channel);
    for (size_t i = 0; i < series.edges.size(); ++i) {
      CHECK(std::isfinite(series.edges[i].joules) && series.edges[i].lo <= series.edges[i].hi);
      if (i == 0) continue;
      CHECK(series.edges[i].joules >= series.edges[i - 1].joules);
      CHECK(series.edges[i].lo >= series.edges[i - 1].lo);
    }
    with_faults += series.faults.empty() ? 0 : 1;
    const Estimate result = series.estimate(window_within(reads, random));
    check_figure(result.window);
    check_figure(result.caused);
  }
  CHECK(with_faults > 300);
}

TEST("properties: a read that is told twice, and reads of an unchanged counter, change nothing") {
  Random random(3);
  for (int run = 0; run < 1000; ++run) {
    const ChannelInfo channel = random_channel(random);
    const std::vector<Read> reads = random_reads(random, channel);
    std::vector<Read> doubled;
    for (const Read& read : reads) doubled.insert(doubled.end(), {read, read});
    const Series once = timeline_of(reads, channel);
    const Series twice = timeline_of(doubled, channel);
    CHECK_EQ(once.edges.size(), twice.edges.size());
    const Window window = window_within(reads, random);
    CHECK(same(once.estimate(window).window, twice.estimate(window).window));
  }
}

// 600 W for 150 ms in each 700 ms, over 118 W.
Profile pulses(double length_ms) {
  std::vector<int64_t> breaks;
  for (int64_t t = 0; t < ms(length_ms); t += ms(700)) {
    breaks.push_back(t);
    breaks.push_back(t + ms(150));
  }
  return Profile(breaks, [](int64_t t) { return t % ms(700) < ms(150) ? 600.0 : 118.0; }, ms(10));
}

TEST("properties: a window older than the full history is answered from thinned edges, with a wider interval") {
  constexpr double kEndMs = 4'000'000;
  const Profile profile = pulses(kEndMs);
  Random random(9);
  CounterSpec spec;
  spec.displaced = 0;
  EdgeTimeline thinned(10 * kNsPerSecond, ms(100));
  EdgeTimeline full(4000 * kNsPerSecond, ms(100));
  for (const Edge& edge : observe(profile, spec, 0, ms(kEndMs), random)) {
    thinned.push(edge);
    full.push(edge);
  }
  const auto estimate_from = [](const EdgeTimeline& timeline, const Window& window) {
    const EdgeSnapshot snapshot = timeline.snapshot(window.a, window.b, 16);
    Series series;
    series.edges = snapshot.edges;
    series.faults = snapshot.faults;
    series.traits = nvml_board_traits(700, 0);
    return series.estimate(window).window;
  };
  int held = 0;
  double wider = 0;
  constexpr int kRuns = 100;
  for (int run = 0; run < kRuns; ++run) {
    const int64_t a = ms(random.uniform(20'000, 3'000'000));
    const Window window{a, a + ms(random.uniform(1000, 100'000))};
    const Figure figure = estimate_from(thinned, window);
    CHECK(figure.status == EstimateStatus::kOk || figure.status == EstimateStatus::kBelowResolution);
    held += contains(figure, profile.energy(window.a, window.b)) ? 1 : 0;
    wider += figure.uncertainty / estimate_from(full, window).uncertainty / kRuns;
  }
  CHECK(held >= 90);
  CHECK(wider > 1.5);
  // The hour itself.
  const Window hour{ms(100'050), ms(3'700'050)};
  const Figure figure = estimate_from(thinned, hour);
  CHECK(figure.status == EstimateStatus::kOk);
  CHECK(contains(figure, profile.energy(hour.a, hour.b)));
}

TEST("properties: a second sensor that contradicts the counter widens the interval or makes it suspect") {
  Random random(4);
  // As an H100's sensor shows it.
  const Profile profile = burst_profile(2000, 2300, 118, 600, 13);
  for (const double gain : {1.3, 2.0}) {
    for (int run = 0; run < 20; ++run) {
      Series series;
      CounterSpec spec;
      spec.displaced = 0;
      series.edges = observe(profile, spec, 0, ms(4000), random);
      series.traits = nvml_board_traits(700, 0);
      series.sample_traits = nvml_ring_traits();
      const Window window{ms(2000), ms(2300), ms(800), ms(800)};
      RingSpec ring;
      series.samples = observe(profile, ring, 0, ms(4000), random);
      const Figure consistent = series.estimate(window).window;
      for (PowerSample& sample : series.samples) sample.watts *= gain;
      const Figure figure = series.estimate(window).window;
      CHECK(consistent.status != EstimateStatus::kSuspect);
      CHECK(figure.status == EstimateStatus::kSuspect || figure.uncertainty > consistent.uncertainty);
    }
  }
}

}  // namespace
