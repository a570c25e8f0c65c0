#include "energy/attribution_channels.h"

namespace mj::energy {

namespace {

// Beside the range, to find the counter's grid.
constexpr size_t kEdgesBeside = 16;

Attribution attribute_channel(const MeterData& data, const MeterChannel& channel, const AttributionJob& job) {
  const EdgeSnapshot snapshot = channel.series->edges->snapshot(job.from, job.to, kEdgesBeside);
  const CounterView view{{snapshot.edges.data(), snapshot.edges.size()},
                         {snapshot.faults.data(), snapshot.faults.size()},
                         data.traits(channel),
                         {},
                         {}};
  Attribution out = attribute(
      view,
      {{job.phases.data(), job.phases.size()}, job.labels, job.from, job.to, {job.states.data(), job.states.size()}});
  if (snapshot.edges.empty() && channel.health->fault.load() == Fault::kLost) out.cause = Cause::kDeviceLost;
  return out;
}

}  // namespace

std::vector<std::optional<Attribution>> attribute_channels(const MeterData& data, const AttributionJob& job) {
  std::vector<std::optional<Attribution>> out;
  out.reserve(data.channels.size());
  for (const MeterChannel& channel : data.channels) {
    // The intervals of an energy that is counted from power samples have errors that the regression does not know.
    const bool counter = channel.series && !channel.info.integrated;
    out.push_back(counter ? std::optional(attribute_channel(data, channel, job)) : std::nullopt);
  }
  return out;
}

}  // namespace mj::energy
