#pragma once

#include <cstdint>
#include <memory>

#include "energy/source.h"
#include "energy/timeline.h"

namespace mj::energy {

// One channel of a source with what has been read of it. Shared by the sampler that writes and all who read.
struct Series {
  Series(ChannelInfo channel, int64_t history_ns) : info(std::move(channel)) {
    const int64_t period = info.traits.period_ns;
    if (info.kind == ReadingKind::kEnergyCounter) {
      // Boards older than the one this was made for update five times as often.
      edges = std::make_unique<EdgeTimeline>(history_ns, period / 5);
    } else {
      power = std::make_unique<PowerTimeline>(history_ns, period);
    }
  }

  [[nodiscard]] size_t bytes() const noexcept { return edges ? edges->bytes() : power->bytes(); }

  const ChannelInfo info;
  std::unique_ptr<EdgeTimeline> edges;   // of energy counters
  std::unique_ptr<PowerTimeline> power;  // of power sensors
  std::atomic<int64_t> learned_period_ns{0};
};

}  // namespace mj::energy
