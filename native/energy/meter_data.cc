#include "energy/meter_data.h"

#include <algorithm>
#include <array>
#include <limits>

#include "energy/window_traits.h"

#include "base/clock.h"

namespace mj::energy {

namespace {

constexpr double kHeadroom = 1.2;
constexpr int64_t kPatiencePeriods = 3;
// A thread on a busy machine may come later than three reads of a fast counter.
constexpr int64_t kLeastPatienceNs = 250 * kNsPerMs;

// Room for readings that is not filled with defaults first: that would be a fifth of our own share of a sample.
template <typename T>
union Uninitialised {
  Uninitialised() noexcept {}
  T all[ImmediateSource::kMostReadings];
};

}  // namespace

void MeterData::read(double* out) const noexcept {
  for (size_t i = 0; i < channels.size(); ++i) out[i] = latest(i);
}

void MeterData::sample(double* out) const noexcept {
  for (const size_t i : sampled_by_threads_only) out[i] = latest(i);
  for (const ImmediateSource& one : immediate) one.sample(out);
}

double MeterData::latest(size_t channel) const noexcept {
  const Series* series = channels[channel].series.get();
  return series != nullptr ? series->edges->joules() : std::numeric_limits<double>::quiet_NaN();
}

void ImmediateSource::sample(double* out) const noexcept {
  Uninitialised<RawReading> readings;
  Uninitialised<CounterPoint> points;
  std::array<bool, kMostReadings> known;
  bool whole = true;
  // Before the read, or the sampler's own might be the later one, and the counter seem to step back.
  for (size_t i = 0; i < targets.size(); ++i) whole &= known[i] = targets[i].series->point.load(points.all[i]);
  const size_t count = source->read_values(readings.all).count;
  const int64_t now = monotonic_ns();
  if (!whole || count < targets.size()) {
    for (const Target& target : targets) out[target.place] = target.series->edges->joules();
  }
  for (size_t i = 0; i < count; ++i) {
    const RawReading& reading = readings.all[i];
    if (!known[reading.channel]) continue;
    const auto& [place, rules, series] = targets[reading.channel];
    const CounterPoint& point = points.all[reading.channel];
    const double peak_w = series->peak_w.load(std::memory_order_relaxed);
    const CounterGrowth growth = counter_growth(rules, peak_w, point, reading.raw, now);
    out[place] = static_cast<double>(point.counts + growth.counts) * rules.unit_j;
  }
}

bool MeterData::edges_after(int64_t instant, int64_t now) const noexcept {
  return std::all_of(channels.begin(), channels.end(), [&](const MeterChannel& channel) {
    if (!channel.series || channel.series->edges->newest_lo() >= instant) return true;
    return channel.health->state(now) != SamplerState::kRunning;
  });
}

int64_t MeterData::patience_ns() const noexcept {
  int64_t slowest = 0;
  for (const MeterChannel& channel : channels) {
    if (channel.series) slowest = std::max({slowest, traits(channel).period_ns, channel.series->read_period_ns});
  }
  return std::max(kPatiencePeriods * slowest, kLeastPatienceNs);
}

CounterTraits MeterData::traits(const MeterChannel& channel) const noexcept {
  // How often its power is read makes no difference to what a sensor does.
  const bool dense = gate->dense() && !channel.info.integrated;
  CounterTraits traits = dense ? read_densely(channel.info.traits) : channel.info.traits;
  const int64_t learned = channel.series ? channel.series->learned_period_ns.load() : 0;
  if (learned > 0) traits.period_ns = learned;
  for (const auto& series : power) {
    if (series->info.uuid != channel.info.uuid || series->info.scope != channel.info.scope) continue;
    traits.max_power_w = std::max(traits.max_power_w, kHeadroom * series->power->peak_w());
  }
  // Where no limit is known, what was seen is none either.
  if (channel.series && traits.max_power_w > 0) {
    traits.max_power_w = std::max(traits.max_power_w, kHeadroom * channel.series->peak_w.load());
  }
  return traits;
}

const Series* MeterData::ring_of(const MeterChannel& channel) const noexcept {
  for (const auto& series : power) {
    if (series->info.sampled && series->info.uuid == channel.info.uuid && series->info.scope == channel.info.scope) {
      return series.get();
    }
  }
  return nullptr;
}

}  // namespace mj::energy
