#include "energy/counter_probe.h"

#include <algorithm>
#include <array>

#include "base/clock.h"
#include "energy/nvml_device.h"
#include "energy/nvml_kernel.h"

namespace mj::energy {

namespace {

constexpr double kMilli = 1e-3;
// Three updates of a 100 ms counter.
constexpr int64_t kWatchNs = 350 * kNsPerMs;
constexpr int64_t kWatchDeadlineNs = 3 * kNsPerSecond;
constexpr size_t kMaxTimedCalls = 500;
constexpr size_t kRingRoom = 512;

struct Timing {
  std::vector<double> call_ns;
  double period_ns = kNotSeen;
};

// Reads for a while, at most once a millisecond, and looks at what changed when.
Timing watch(const NvmlDevice& device, NvmlCall call) {
  Timing timing;
  std::vector<double> gaps;
  uint64_t last = 0;
  int64_t last_change = 0;
  const int64_t end = monotonic_ns() + kWatchNs;
  for (int64_t before = monotonic_ns(); before < end && timing.call_ns.size() < kMaxTimedCalls;) {
    uint64_t value = 0;
    const nvml::Return result = device.read(call, value);
    const int64_t after = monotonic_ns();
    if (result != nvml::kSuccess) break;
    timing.call_ns.push_back(static_cast<double>(after - before));
    if (value != last) {
      if (last_change != 0) gaps.push_back(static_cast<double>(after - last_change));
      // The first value only starts the watch: nobody saw it come.
      if (last != 0) last_change = after;
      last = value;
    }
    const timespec pause{0, static_cast<long>(std::max<int64_t>(0, before + kNsPerMs - after))};
    clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, nullptr);
    before = monotonic_ns();
  }
  timing.period_ns = median(std::move(gaps));
  return timing;
}

Timing watch_ring(const NvmlDevice& device) {
  constexpr int kCalls = 20;
  Timing timing;
  std::vector<nvml::Sample> samples(kRingRoom);
  std::vector<double> gaps;
  for (int i = 0; i < kCalls; ++i) {
    auto count = static_cast<unsigned int>(samples.size());
    const int64_t before = monotonic_ns();
    if (device.power_samples(0, samples.data(), count) != nvml::kSuccess) break;
    timing.call_ns.push_back(static_cast<double>(monotonic_ns() - before));
    if (i > 0) continue;
    for (unsigned int k = 1; k < count; ++k) {
      gaps.push_back(static_cast<double>(samples[k].timestamp_us - samples[k - 1].timestamp_us) * kNsPerUs);
    }
  }
  timing.period_ns = median(std::move(gaps));
  return timing;
}

struct Row {
  NvmlCall call;
  Scope scope;
  ReadingKind kind;
  bool only_if_supported;  // few boards have it: its absence says nothing
};

constexpr std::array<Row, 8> kRows = {{
    {NvmlCall::kTotalEnergy, Scope::kBoard, ReadingKind::kEnergyCounter, false},
    {NvmlCall::kModuleEnergy, Scope::kModule, ReadingKind::kEnergyCounter, true},
    {NvmlCall::kMemoryEnergy, Scope::kGpuMemory, ReadingKind::kEnergyCounter, true},
    {NvmlCall::kPowerInstant, Scope::kBoard, ReadingKind::kPower, false},
    {NvmlCall::kPowerAverage, Scope::kBoard, ReadingKind::kPower, false},
    {NvmlCall::kMemoryPower, Scope::kGpuMemory, ReadingKind::kPower, true},
    {NvmlCall::kPowerUsage, Scope::kBoard, ReadingKind::kPower, false},
    {NvmlCall::kPowerSamples, Scope::kBoard, ReadingKind::kPower, false},
}};

// Where the board's own counter is refused and its power is not.
std::string instead_of_counter(const NvmlDevice& device) {
  const NvmlCall power = nvml_power_to_integrate(device);
  if (power == NvmlCall::kCount) return {};
  return std::string("Energy is counted from nvml:") + nvml_call_name(power) +
         " instead: " + nvml_power_kernel(device, power).text + ".";
}

void probe_device(const std::shared_ptr<const NvmlDevice>& device, bool timing, CounterProbe& out) {
  const int index = static_cast<int>(device->index());
  std::vector<GuardedStep> steps;
  std::vector<std::shared_ptr<Timing>> timings;
  const size_t first = out.counters.size();
  for (const Row& row : kRows) {
    if (row.only_if_supported && !device->supports(row.call)) continue;
    ProbedCounter counter;
    counter.id = std::string(scope_prefix(row.scope)) + "-" + std::to_string(index);
    counter.family = "nvml";
    counter.method = std::string("nvml:") + nvml_call_name(row.call);
    counter.scope = row.scope;
    counter.kind = row.kind;
    counter.resolution = kMilli;
    counter.unsupported = device->support(row.call);
    if (row.call == NvmlCall::kTotalEnergy && !counter.unsupported.ok() && counter.unsupported.remedy.empty()) {
      counter.unsupported.remedy = instead_of_counter(*device);
    }
    out.counters.push_back(counter);
    timings.push_back(std::make_shared<Timing>());
    steps.push_back({"The driver's " + std::string(nvml_call_name(row.call)),
                     [device, call = row.call, timing, result = timings.back()] {
                       if (!timing || !device->supports(call)) return Status();
                       *result = call == NvmlCall::kPowerSamples ? watch_ring(*device) : watch(*device, call);
                       return Status();
                     }});
  }
  const std::vector<Status> watched = run_guarded("nvml-probe", std::move(steps), kWatchDeadlineNs,
                                                  static_cast<int64_t>(kRows.size()) * kWatchDeadlineNs);
  for (size_t i = 0; i < watched.size(); ++i) {
    ProbedCounter& counter = out.counters[first + i];
    if (!watched[i].ok()) {
      counter.unsupported = watched[i];
      continue;
    }
    counter.call_ns = timings[i]->call_ns;
    counter.update_period_ns = timings[i]->period_ns;
  }
}

void probe_nvml(const Roots& roots, bool timing, CounterProbe& out) {
  const NvmlDevices found = open_nvml_devices(roots.nvml);
  if (found.library != nullptr) {
    out.driver = found.library->driver_version;
    out.simulated = found.library->simulated;
    const int cuda = found.library->cuda_version;
    if (cuda > 0) out.cuda_driver = std::to_string(cuda / 1000) + "." + std::to_string(cuda % 1000 / 10);
  }
  const auto absent = [&](unsigned int index, const Status& status) {
    ProbedCounter counter;
    counter.id = "board-" + std::to_string(index);
    counter.family = "nvml";
    counter.method = "nvml:total-energy";
    counter.unsupported = status;
    out.counters.push_back(counter);
  };
  if (!found.status.ok()) absent(0, found.status);
  for (const auto& failure : found.failures) absent(failure.index, failure.status);
  for (const auto& device : found.devices) {
    const auto index = std::to_string(device->index());
    out.devices.push_back({"board-" + index, static_cast<int>(device->index()), device->name(), device->uuid(),
                           device->pci_bus_id(), device->mig()});
    probe_device(device, timing, out);
  }
}

}  // namespace

CounterProbe probe_counters(const Roots& roots, bool timing) {
  CounterProbe out;
  probe_nvml(roots, timing, out);
  out.rapl = probe_rapl(roots, timing);
  out.counters.insert(out.counters.end(), out.rapl.counters.begin(), out.rapl.counters.end());
  return out;
}

}  // namespace mj::energy
