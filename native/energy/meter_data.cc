#include "energy/meter_data.h"

#include <algorithm>
#include <limits>

namespace mj::energy {

void MeterData::read(double* out) const noexcept {
  for (size_t i = 0; i < channels.size(); ++i) {
    const Series* series = channels[i].series.get();
    out[i] = series != nullptr ? series->edges->joules() : std::numeric_limits<double>::quiet_NaN();
  }
}

bool MeterData::edges_after(int64_t instant, int64_t now) const noexcept {
  return std::all_of(channels.begin(), channels.end(), [&](const MeterChannel& channel) {
    if (!channel.series || channel.series->edges->newest_lo() >= instant) return true;
    return channel.health->state(now) != SamplerState::kRunning;
  });
}

int64_t MeterData::slowest_period_ns() const noexcept {
  int64_t slowest = 0;
  for (const MeterChannel& channel : channels) {
    if (channel.series) slowest = std::max(slowest, traits(channel).period_ns);
  }
  return slowest;
}

CounterTraits MeterData::traits(const MeterChannel& channel) const noexcept {
  constexpr double kHeadroom = 1.2;
  CounterTraits traits = channel.info.traits;
  const int64_t learned = channel.series ? channel.series->learned_period_ns.load() : 0;
  if (learned > 0) traits.period_ns = learned;
  for (const auto& series : power) {
    if (series->info.uuid != channel.info.uuid || series->info.scope != channel.info.scope) continue;
    traits.max_power_w = std::max(traits.max_power_w, kHeadroom * series->power->peak_w());
  }
  return traits;
}

}  // namespace mj::energy
