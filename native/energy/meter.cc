#include "energy/meter.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>

namespace mj::energy {

namespace {

Status check_families(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const Span<SourceFamily> families = source_families();
    const bool known =
        std::any_of(families.begin(), families.end(), [&](const SourceFamily& family) { return name == family.name; });
    if (known) continue;
    std::string list;
    for (const SourceFamily& family : families) list += (list.empty() ? "" : ", ") + std::string(family.name);
    return {Code::kInvalidArgument, "There is no source called '" + name + "'.", "Sources: " + list + "."};
  }
  return {};
}

// Places of the channels that a sample cannot read itself.
std::vector<size_t> not_immediate(const MeterData& data) {
  std::vector<bool> immediate(data.channels.size());
  for (const ImmediateSource& source : data.immediate) {
    for (const ImmediateSource::Target& target : source.targets) immediate[target.place] = true;
  }
  std::vector<size_t> places;
  for (size_t i = 0; i < immediate.size(); ++i) {
    if (!immediate[i]) places.push_back(i);
  }
  return places;
}

// Says how its energy is come by.
MeterChannel integrated_channel(const std::shared_ptr<Series>& series, const std::shared_ptr<ThreadHealth>& health,
                                const std::shared_ptr<Source>& source, uint32_t source_channel) {
  MeterChannel channel{series->info, {}, series, health, source, source_channel};
  channel.info.method += " (integrated: " + series->info.integrated->assumed + ")";
  return channel;
}

}  // namespace

Status Meter::open(const MeterOptions& options, std::shared_ptr<Meter>& out) {
  Status status = check_families(options.sources);
  if (!status.ok()) return status;
  const auto history_ns = static_cast<int64_t>(options.history_seconds * kNsPerSecond);
  const std::shared_ptr<Meter> meter(new Meter());
  meter->calibrations_ = options.calibrations;
  MeterData& data = *meter->data_;
  data.gate = std::make_shared<WindowGate>(options.windows_only, options.dense);
  std::vector<MeterChannel> unreadable;
  for (const SourceFamily& family : source_families()) {
    const auto& names = options.sources;
    if (!names.empty() && std::find(names.begin(), names.end(), family.name) == names.end()) continue;
    OpenedFamily opened = family.open(options.request);
    if (!opened.refused.ok()) return opened.refused;
    if (data.driver.empty()) data.driver = opened.driver;
    data.simulated |= opened.simulated;
    data.devices.insert(data.devices.end(), opened.devices.begin(), opened.devices.end());
    const size_t first = data.channels.size();
    meter->start_threads(std::move(opened.sources), std::move(opened.conditions), history_ns);
    for (size_t i = first; i < data.channels.size(); ++i) data.channels[i].family = family.name;
    for (ChannelInfo& info : opened.unsupported)
      unreadable.push_back({std::move(info), family.name, nullptr, nullptr, nullptr, 0});
  }
  data.channels.insert(data.channels.end(), unreadable.begin(), unreadable.end());
  data.sampled_by_threads_only = not_immediate(data);
  if (!options.windows_only) meter->await_first_edges();
  out = meter;
  return {};
}

Status Meter::open_shared(const MeterOptions& options, std::shared_ptr<Meter>& out) {
  struct Entry {
    std::mutex mutex;
    std::weak_ptr<Meter> meter;
  };
  static auto* mutex = new std::mutex();
  static auto* entries = new std::map<std::string, std::shared_ptr<Entry>>();
  std::string key = std::to_string(options.history_seconds) +
                    (options.windows_only ? "w"
                     : options.dense      ? "d"
                                          : "c") +
                    (options.request.children_are_ours ? "t" : "p");
  const Roots& roots = options.request.roots;
  for (const auto& list : {options.sources, options.request.devices,
                           std::vector<std::string>{roots.nvml, roots.powercap, roots.perf, roots.msr, roots.sys,
                                                    roots.proc, options.request.rapl_interface}}) {
    key += '\1';
    for (const std::string& text : list) key += text + '\0';
  }
  for (const Calibration& calibration : options.calibrations) key += '\1' + fingerprint(calibration);
  std::shared_ptr<Entry> entry;
  {
    const std::lock_guard<std::mutex> lock(*mutex);
    std::shared_ptr<Entry>& found = (*entries)[key];
    if (!found) found = std::make_shared<Entry>();
    entry = found;
  }
  // Held while opening, so that those who come meanwhile share the outcome.
  const std::lock_guard<std::mutex> lock(entry->mutex);
  out = entry->meter.lock();
  if (out) return {};
  Status status = open(options, out);
  entry->meter = out;
  return status;
}

Meter::~Meter() { close(); }

void Meter::start_threads(std::vector<std::unique_ptr<Source>> sources,
                          std::vector<std::unique_ptr<ConditionsSource>> conditions, int64_t history_ns) {
  for (auto& source : sources) {
    const Cadence cadence = source->cadence();
    const auto context = add_source(std::move(source), history_ns);
    samplers_.push_back(std::make_unique<Running>());
    samplers_.back()->health = context->health;
    samplers_.back()->minds_windows = context->source->slow() || context->source->window_period_ns() > 0;
    samplers_.back()->thread.start(context->health->name, [context, cadence](StopSignal& stop) {
      if (cadence == Cadence::kEdges) {
        run_edge_sampler(*context, stop);
      } else {
        run_periodic_sampler(*context, stop);
      }
    });
  }
  for (auto& source : conditions) {
    const auto context = std::make_shared<ConditionsContext>(std::move(source), history_ns);
    data_->memory_bytes += context->samples.bytes();
    data_->conditions.push_back(context);
    conditions_.push_back(std::make_unique<Running>());
    conditions_.back()->health = context->health;
    conditions_.back()->thread.start(context->health->name,
                                     [context](StopSignal& stop) { run_conditions_sampler(*context, stop); });
  }
}

std::shared_ptr<SamplerContext> Meter::add_source(const std::shared_ptr<Source>& source, int64_t history_ns) {
  std::vector<std::shared_ptr<Series>> series;
  for (ChannelInfo info : source->channels()) {
    apply_calibrations(calibrations_, info);
    series.push_back(std::make_shared<Series>(*source, info, history_ns));
    data_->memory_bytes += series.back()->bytes();
  }
  const auto context = std::make_shared<SamplerContext>(source, series, data_->gate, resolver_.waker());
  ImmediateSource immediate{source, {}};
  for (uint32_t i = 0; i < series.size(); ++i) {
    if (series[i]->power) {
      data_->power.push_back(series[i]);
      if (series[i]->edges) data_->channels.push_back(integrated_channel(series[i], context->health, source, i));
      continue;
    }
    immediate.targets.push_back({data_->channels.size(), series[i]->rules, series[i]});
    data_->channels.push_back({series[i]->info, {}, series[i], context->health, source, i});
  }
  const bool counters_only = immediate.targets.size() == series.size();
  if (source->immediate() && counters_only && source->max_readings() <= ImmediateSource::kMostReadings) {
    data_->immediate.push_back(std::move(immediate));
  }
  return context;
}

// A window that begins right after opening needs an edge before it. A counter that gives none in time stays without.
void Meter::await_first_edges() {
  struct Wait {
    std::mutex mutex;
    std::condition_variable changed;
    bool done = false;
  };
  const auto wait = std::make_shared<Wait>();
  const int64_t now = monotonic_ns();
  const int64_t deadline = now + 2 * data_->patience_ns();
  data_->gate->need_edge_after(now);
  resolver_.add({deadline, [data = data_, now] { return data->edges_after(now, monotonic_ns()); },
                 [wait](const Status&) {
                   const std::lock_guard<std::mutex> lock(wait->mutex);
                   wait->done = true;
                   wait->changed.notify_all();
                 }});
  std::unique_lock<std::mutex> lock(wait->mutex);
  // Timed, also because the C++ library of Red Hat 9 has no untimed wait of the kind that GCC 12 calls.
  const std::chrono::steady_clock::time_point until{std::chrono::nanoseconds(deadline)};
  wait->changed.wait_until(lock, until, [&] { return wait->done; });
}

uint64_t Meter::resolve(ResolutionRequest request, Resolved done) {
  const int64_t last = request.last_instant();
  data_->gate->need_edge_after(last);
  wake_samplers();
  look_at_conditions();
  const int64_t deadline = request.timeout_ns >= 0 ? monotonic_ns() + request.timeout_ns : last + data_->patience_ns();
  return resolver_.add({deadline, [data = data_, last] { return data->edges_after(last, monotonic_ns()); },
                        [data = data_, request = std::move(request), done = std::move(done)](const Status& status) {
                          done(status, status.ok() ? resolve_windows(*data, request) : Resolution{});
                        }});
}

void Meter::calibrate(CalibrationJob job, Calibrated done) {
  const int64_t last = job.bursts.empty() ? monotonic_ns() : job.last_instant();
  data_->gate->need_edge_after(last);
  wake_samplers();
  resolver_.add({last + data_->patience_ns(), [data = data_, last] { return data->edges_after(last, monotonic_ns()); },
                 [data = data_, job = std::move(job), done = std::move(done)](const Status& status) {
                   done(status, status.ok() ? calibrate_channel(*data, job) : CalibrationResult{});
                 }});
}

void Meter::cancel(uint64_t ticket, const Status& status) { resolver_.cancel(ticket, status); }

void Meter::begin_window(Ready ready) {
  data_->gate->begin();
  const int64_t now = monotonic_ns();
  wake_samplers();
  look_at_conditions();
  const int64_t after = data_->gate->windows_only() ? now : std::numeric_limits<int64_t>::min();
  resolver_.add({now + data_->patience_ns(), [data = data_, after] { return data->edges_after(after, monotonic_ns()); },
                 std::move(ready)});
}

void Meter::end_window() { data_->gate->end(monotonic_ns()); }

void Meter::wake_samplers() {
  for (const auto& sampler : samplers_) {
    if (sampler->minds_windows) sampler->thread.signal()->wake();
  }
}

void Meter::look_at_conditions() {
  for (const auto& one : conditions_) one->thread.signal()->wake();
}

std::vector<ThreadReport> Meter::statistics() const {
  std::vector<ThreadReport> reports;
  const int64_t now = monotonic_ns();
  for (const auto* group : {&samplers_, &conditions_}) {
    for (const auto& running : *group) {
      const ThreadHealth& health = *running->health;
      ThreadReport report;
      report.name = health.name;
      report.cpu_ms = static_cast<double>(health.cpu_ns.load()) / kNsPerMs;
      const int64_t started = health.started_at.load();
      report.alive_ms = started > 0 ? static_cast<double>(now - started) / kNsPerMs : 0;
      report.reads = health.reads.load();
      report.late = health.late.load();
      report.dropped = health.dropped.load();
      report.state = health.state(now);
      if (report.state == SamplerState::kLost) report.reason = "The driver says that the device is gone.";
      if (report.state == SamplerState::kStuck) report.reason = "A call into the driver has not returned.";
      reports.push_back(std::move(report));
    }
  }
  return reports;
}

void Meter::close() {
  // First, or the jobs would take counters that stop for counters that have failed.
  resolver_.close({Code::kMeterClosed, "The meter was closed."});
  for (const auto* group : {&samplers_, &conditions_}) {
    for (const auto& running : *group) running->thread.request_stop();
  }
  const int64_t deadline = monotonic_ns() + StoppableThread::kJoinDeadlineNs;
  for (const auto* group : {&samplers_, &conditions_}) {
    for (const auto& running : *group) running->thread.stop(std::max<int64_t>(0, deadline - monotonic_ns()));
  }
}

}  // namespace mj::energy
