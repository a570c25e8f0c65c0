#include "energy/meter_data.h"

#include <algorithm>
#include <array>
#include <limits>

#include "base/clock.h"

namespace mj::energy {

namespace {

constexpr double kHeadroom = 1.2;
constexpr int64_t kPatiencePeriods = 3;
// A thread on a busy machine may come later than three reads of a fast counter.
constexpr int64_t kLeastPatienceNs = 250 * kNsPerMs;

}  // namespace

void MeterData::read(double* out) const noexcept {
  for (size_t i = 0; i < channels.size(); ++i) {
    const Series* series = channels[i].series.get();
    out[i] = series != nullptr ? series->edges->joules() : std::numeric_limits<double>::quiet_NaN();
  }
}

void MeterData::sample(double* out) const noexcept {
  read(out);
  std::array<RawReading, ImmediateSource::kMostReadings> readings;
  std::array<CounterPoint, ImmediateSource::kMostReadings> points;
  for (const ImmediateSource& one : immediate) {
    // Before the read, or the sampler's own might be the later one, and the counter seem to step back.
    std::array<bool, ImmediateSource::kMostReadings> known{};
    for (size_t i = 0; i < one.channels.size(); ++i) {
      known[i] = channels[one.channels[i]].series->point.newest(points[i]);
    }
    const size_t count = one.source->read(readings.data()).count;
    for (size_t i = 0; i < count; ++i) {
      const RawReading& reading = readings[i];
      if (!known[reading.channel]) continue;
      const Series& series = *channels[one.channels[reading.channel]].series;
      const CounterPoint& point = points[reading.channel];
      const double peak_w = series.peak_w.load(std::memory_order_relaxed);
      const CounterGrowth growth = counter_growth(series.rules, peak_w, point, reading.raw, reading.t_after);
      out[one.channels[reading.channel]] = static_cast<double>(point.counts + growth.counts) * series.rules.unit_j;
    }
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
  CounterTraits traits = channel.info.traits;
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

}  // namespace mj::energy
