#include "energy/resolution.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "energy/path_plan.h"

namespace mj::energy {

namespace {

// The estimator uses a few edges beside a window, and more to find their grid.
constexpr size_t kEdgesBeside = 16;
// A look at the processes comes so soon after a window that it tells of its end.
constexpr int64_t kLookReachesNs = 500 * kNsPerMs;
constexpr int64_t kQuietReachesNs = kNsPerSecond;
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

void pack(const Figure& figure, std::vector<double>& out) {
  out.insert(out.end(), {static_cast<double>(figure.status), static_cast<double>(figure.cause), figure.value, figure.lo,
                         figure.hi, figure.uncertainty});
  out.insert(out.end(), figure.terms.begin(), figure.terms.end());
}

void pack(const Level& level, std::vector<double>& out) { out.insert(out.end(), {level.watts, level.uncertainty}); }

void pack(const Estimate& estimate, std::vector<double>& out) {
  pack(estimate.window, out);
  pack(estimate.caused, out);
  pack(estimate.idle_before, out);
  pack(estimate.idle_after, out);
  pack(estimate.idle, out);
}

// No figure at all.
Estimate nothing(EstimateStatus status, Cause cause) {
  Estimate estimate;
  for (Figure* figure : {&estimate.window, &estimate.caused}) {
    figure->status = status;
    figure->cause = cause;
    figure->value = figure->lo = figure->hi = figure->uncertainty = kNone;
    figure->terms.fill(kNone);
  }
  for (Level* level : {&estimate.idle_before, &estimate.idle_after, &estimate.idle}) {
    level->watts = level->uncertainty = kNone;
  }
  return estimate;
}

// The sensor's samples beside a counter of the same board, where it has them: the shape between two updates. Energy
// that is counted from samples has been told all that they tell.
const Series* samples_of(const MeterData& data, const MeterChannel& channel) {
  if (channel.info.integrated) return nullptr;
  if (const Series* ring = data.ring_of(channel)) return ring;
  for (const auto& series : data.power) {
    const ChannelInfo& info = series->info;
    if (info.beside && info.uuid == channel.info.uuid && info.scope == channel.info.scope) return series.get();
  }
  return nullptr;
}

// Samples around the ends of the windows: of a long one, those in the middle tell nothing that the counter does not.
std::vector<PowerSample> samples_near(const Series& series, const std::vector<Window>& windows, int64_t reach_ns) {
  constexpr int64_t kWorthAGap = kNsPerSecond;
  std::vector<int64_t> instants;
  instants.reserve(2 * windows.size());
  for (const Window& window : windows) instants.insert(instants.end(), {window.a, window.b});
  std::sort(instants.begin(), instants.end());
  std::vector<PowerSample> samples;
  for (size_t i = 0; i < instants.size();) {
    const int64_t from = instants[i] - reach_ns;
    int64_t to = instants[i] + reach_ns;
    for (; i < instants.size() && instants[i] - reach_ns <= to + kWorthAGap; ++i) to = instants[i] + reach_ns;
    const std::vector<PowerSample> read = series.power->snapshot(from, to);
    const std::vector<PowerSample> here = series.info.sampled ? read : power_updates(read);
    samples.insert(samples.end(), here.begin(), here.end());
  }
  return samples;
}

// One posterior for all windows: their parts sum to the whole.
std::vector<Estimate> estimate_channel(const MeterData& data, const MeterChannel& channel,
                                       const ResolutionRequest& request, std::vector<double>* covariance) {
  const size_t count = request.windows.size();
  // The reason of a channel that cannot be read stands with the channel.
  if (!channel.series) return std::vector<Estimate>(count, nothing(EstimateStatus::kUnsupported, Cause::kNone));
  const int64_t from = request.first_instant();
  const int64_t to = request.last_instant();
  const EdgeSnapshot snapshot = channel.series->edges->snapshot(from, to, kEdgesBeside);
  if (snapshot.edges.empty()) {
    const bool lost = channel.health->fault.load() == Fault::kLost;
    return std::vector<Estimate>(count,
                                 nothing(EstimateStatus::kSuspect, lost ? Cause::kDeviceLost : Cause::kNoUpdate));
  }
  CounterView view;
  view.edges = {snapshot.edges.data(), snapshot.edges.size()};
  view.faults = {snapshot.faults.data(), snapshot.faults.size()};
  view.traits = data.traits(channel);
  std::vector<PowerSample> samples;
  if (const Series* series = samples_of(data, channel)) {
    const SampleTraits& traits = series->info.sample_traits;
    samples = samples_near(*series, request.windows, sample_reach_ns(view.traits, traits));
    view.samples = {samples.data(), samples.size()};
    view.sample_traits = traits;
  }
  return estimate_all(view, {request.windows.data(), count}, covariance);
}

void add(double value, ConditionRange& range) {
  if (std::isnan(value)) return;
  if (range.values.empty()) {
    range.values = {value, value, value, value};
    return;
  }
  range.values[0] = std::min(range.values[0], value);
  range.values[1] = std::max(range.values[1], value);
  range.values[3] = value;
}

// The worst that was seen: busy at any time is busy, and unknown at any time leaves it unknown.
OtherWork worse(OtherWork a, OtherWork b) {
  if (a == OtherWork::kBusy || b == OtherWork::kBusy) return OtherWork::kBusy;
  return a == OtherWork::kUnknown || b == OtherWork::kUnknown ? OtherWork::kUnknown : OtherWork::kNone;
}

void add_pids(const ConditionSample& sample, std::vector<uint32_t>& pids) {
  for (const uint32_t pid : sample.busy_pids) {
    const bool known = std::find(pids.begin(), pids.end(), pid) != pids.end();
    if (pid != 0 && !known && pids.size() < kMostBusyNamed) pids.push_back(pid);
  }
}

// A look tells of the seconds before it: what ended before the window and its quiet time is none of its work.
void add_work(const ConditionSample& sample, int64_t a, bool first, ConditionsReport& report) {
  const bool before = sample.other_work == OtherWork::kBusy && sample.busy_at < a - kQuietReachesNs;
  const OtherWork work = before ? OtherWork::kNone : sample.other_work;
  report.other_work = first ? work : worse(report.other_work, work);
  if (!before) add_pids(sample, report.busy_pids);
}

// The first look at the processes after b, which tells of the time before it.
const ConditionSample* look_after(const std::vector<ConditionSample>& samples) {
  const auto found = std::find_if(samples.begin(), samples.end(),
                                  [](const ConditionSample& sample) { return sample.looked_at_processes; });
  return found == samples.end() ? nullptr : &*found;
}

// The samples inside [a, b]; for a window shorter than the sampling, its nearest neighbours.
std::vector<ConditionSample> samples_in(const Ring<ConditionSample>& ring, int64_t a, int64_t b) {
  uint64_t first = ring.partition_point([a](const ConditionSample& sample) { return sample.at < a; });
  uint64_t last = ring.partition_point([b](const ConditionSample& sample) { return sample.at <= b; });
  if (first == last) {
    first = first > ring.oldest() ? first - 1 : first;
    last = std::min(last + 1, ring.end());
  }
  std::vector<ConditionSample> samples;
  ring.copy(first, last, samples);
  return samples;
}

}  // namespace

int64_t ResolutionRequest::last_instant() const noexcept {
  int64_t last = std::numeric_limits<int64_t>::min();
  for (const Window& window : windows) last = std::max(last, window.b + window.idle_after_ns);
  return last;
}

int64_t ResolutionRequest::first_instant() const noexcept {
  int64_t first = std::numeric_limits<int64_t>::max();
  for (const Window& window : windows) first = std::min(first, window.a - window.idle_before_ns);
  return first;
}

Resolution resolution_of(const std::vector<Figure>& channels) {
  Resolution resolution;
  for (const Figure& figure : channels) {
    Estimate estimate = nothing(EstimateStatus::kUnsupported, Cause::kNone);
    estimate.window = figure;
    pack(estimate, resolution.fields);
  }
  return resolution;
}

std::vector<std::string> resolution_names() {
  std::vector<std::string> names;
  for (const std::string kind : {"window.", "caused."}) {
    for (const char* field : {"status", "cause", "value", "lo", "hi", "uncertainty"}) names.push_back(kind + field);
    for (size_t i = 0; i < kTermCount; ++i) names.push_back(kind + term_name(static_cast<Term>(i)));
  }
  for (const std::string side : {"idle.before", "idle.after", "idle.level"}) {
    names.push_back(side);
    names.push_back(side + ".uncertainty");
  }
  return names;
}

Resolution resolve_windows(const MeterData& data, const ResolutionRequest& request) {
  Resolution resolution;
  const size_t windows = request.windows.size();
  std::vector<std::vector<Estimate>> estimates;
  for (const MeterChannel& channel : data.channels) {
    std::vector<double> covariance;
    estimates.push_back(estimate_channel(data, channel, request, request.covariance ? &covariance : nullptr));
    if (!request.covariance) continue;
    covariance.resize(windows * windows, kNone);
    resolution.covariance.insert(resolution.covariance.end(), covariance.begin(), covariance.end());
  }
  resolution.fields.reserve(windows * data.channels.size() * (2 * (6 + kTermCount) + 6));
  for (size_t window = 0; window < windows; ++window) {
    for (const auto& channel : estimates) pack(channel[window], resolution.fields);
  }
  return resolution;
}

std::vector<ConditionsReport> conditions_between(const MeterData& data, int64_t a, int64_t b) {
  std::vector<ConditionsReport> reports;
  for (const auto& context : data.conditions) {
    ConditionsReport report;
    report.id = context->source->device_id();
    report.power_limit_w = context->source->power_limit_w();
    const std::vector<ConditionSample> samples = samples_in(context->samples, a, b);
    for (const ConditionSample& sample : samples) {
      add(sample.temperature_c, report.temperature_c);
      add(sample.sm_clock_mhz, report.sm_clock_mhz);
      add(sample.memory_clock_mhz, report.memory_clock_mhz);
      add(sample.gpu_utilization_percent, report.gpu_utilization_percent);
      add(sample.memory_utilization_percent, report.memory_utilization_percent);
      report.throttle_mask |= sample.throttle_mask;
      report.throttle_known |= sample.throttle_known;
      add_work(sample, a, &sample == samples.data(), report);
    }
    const std::vector<ConditionSample> after = samples_in(context->samples, b + 1, b + kLookReachesNs);
    if (const ConditionSample* look = look_after(after); look != nullptr && look->at > b) {
      add_work(*look, a, samples.empty(), report);
    }
    reports.push_back(std::move(report));
  }
  return reports;
}

}  // namespace mj::energy
