#pragma once

#include <cstdint>
#include <memory>

#include "base/latest.h"
#include "energy/counter_rules.h"
#include "energy/source.h"
#include "energy/timeline.h"

namespace mj::energy {

// One channel of a source with what has been read of it. Shared by the sampler that writes and all who read.
struct Series {
  Series(const Source& source, const ChannelInfo& channel, int64_t history_ns)
      : info(channel),
        read_period_ns(source.cadence() == Cadence::kPeriodic ? source.period_ns() : 0),
        rules(counter_rules(channel, read_period_ns)) {
    if (info.kind == ReadingKind::kPower) {
      power = std::make_unique<PowerTimeline>(history_ns, info.period_ns);
      if (info.integrated) edges = std::make_unique<EdgeTimeline>(history_ns, info.traits.period_ns);
    } else if (source.cadence() == Cadence::kEdges) {
      // Boards older than the one this was made for update five times as often.
      edges = std::make_unique<EdgeTimeline>(history_ns, info.traits.period_ns / 5);
    } else {
      edges = std::make_unique<EdgeTimeline>(history_ns, read_period_ns, source.window_period_ns());
    }
  }

  [[nodiscard]] size_t bytes() const noexcept { return (edges ? edges->bytes() : 0) + (power ? power->bytes() : 0); }

  const ChannelInfo info;
  const int64_t read_period_ns;  // outside windows; 0: read as it updates
  const CounterRules rules;
  // Of energy counters: the last read, from which others may count on, and the highest mean power that it has shown.
  Latest<CounterPoint> point;
  std::atomic<double> peak_w{0};
  std::unique_ptr<EdgeTimeline> edges;   // of energy counters, and of energy counted from power
  std::unique_ptr<PowerTimeline> power;  // of power sensors
  std::atomic<int64_t> learned_period_ns{0};
  std::atomic<double> learned_period_u_ns{0};  // standard uncertainty
};

}  // namespace mj::energy
