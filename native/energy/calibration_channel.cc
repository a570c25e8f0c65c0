#include "energy/calibration_channel.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace mj::energy {

namespace {

// To find the counter's grid.
constexpr size_t kEdgesBeside = 16;

CalibrationResult refused(const char* reason) {
  CalibrationResult out;
  out.reason = reason;
  return out;
}

}  // namespace

int64_t CalibrationJob::last_instant() const noexcept {
  int64_t last = std::numeric_limits<int64_t>::min();
  for (const CalibrationBurst& burst : bursts) last = std::max(last, burst.window.b + burst.window.idle_after_ns);
  return last;
}

CalibrationResult calibrate_channel(const MeterData& data, const CalibrationJob& job) {
  if (job.channel >= data.channels.size()) return refused("There is no such channel.");
  const MeterChannel& channel = data.channels[job.channel];
  if (!channel.series) return refused("The channel cannot be read.");
  if (channel.info.uuid.empty()) return refused("Only counters of GPU boards, which have a UUID, are calibrated.");
  if (job.bursts.empty()) return refused("There are no bursts to calibrate on.");
  const int64_t from = job.bursts.front().window.a - job.bursts.front().window.idle_before_ns;
  const EdgeSnapshot snapshot = channel.series->edges->snapshot(from, job.last_instant(), kEdgesBeside);
  CounterView view;
  view.edges = {snapshot.edges.data(), snapshot.edges.size()};
  view.faults = {snapshot.faults.data(), snapshot.faults.size()};
  view.traits = data.traits(channel);
  std::vector<PowerSample> samples;
  if (const Series* ring = data.ring_of(channel)) {
    samples = ring->power->snapshot(from, job.last_instant());
    view.samples = {samples.data(), samples.size()};
    view.sample_traits = ring->info.sample_traits;
  }
  CalibrationResult out = calibrate(view, {job.bursts.data(), job.bursts.size()});
  if (!out.calibration) return out;
  Calibration& found = *out.calibration;
  found.uuid = channel.info.uuid;
  if (!data.gate->dense()) return out;
  const CounterTraits& known = channel.info.traits;
  found.dense_phase_sensitivity = std::exchange(found.phase_sensitivity, known.phase_sensitivity);
  found.dense_phase_reach_ns = std::exchange(found.phase_reach_ns, static_cast<double>(known.phase_reach_ns));
  return out;
}

void apply_calibrations(const std::vector<Calibration>& calibrations, ChannelInfo& info) noexcept {
  for (const Calibration& calibration : calibrations) {
    if (info.uuid.empty() || info.uuid != calibration.uuid) continue;
    if (info.kind == ReadingKind::kEnergyCounter) apply_calibration(calibration, info.traits);
    if (info.sampled && calibration.ring) apply_calibration(*calibration.ring, info.sample_traits);
  }
}

}  // namespace mj::energy
