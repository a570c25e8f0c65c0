#include <algorithm>
#include <array>

#include "base/clock.h"
#include "energy/nvml_sources.h"
#include "energy/window_bounds.h"
#include "energy/window_traits.h"

namespace mj::energy {

namespace {

// [H200] the fields change every 100 ms (other boards: from 20 ms on, which the sample ring resolves). A read costs a
// microsecond and the wake-up of the thread about 45, so that the period decides the cost.
constexpr int64_t kPeriodNs = 40 * kNsPerMs;
// Where energy hangs on when a value came: so often in the time from one to the next.
constexpr int64_t kReadsPerUpdate = 10;
constexpr int64_t kLeastPeriodNs = 5 * kNsPerMs;
constexpr double kMilliwatt = 1e-3;

struct Field {
  NvmlCall call;
  unsigned int id;
  unsigned int nvml_scope;
  Scope scope;
};

constexpr std::array<Field, 3> kFields = {{
    {NvmlCall::kPowerInstant, nvml::kFieldPowerInstant, nvml::kScopeGpu, Scope::kBoard},
    {NvmlCall::kPowerAverage, nvml::kFieldPowerAverage, nvml::kScopeGpu, Scope::kBoard},
    {NvmlCall::kMemoryPower, nvml::kFieldPowerAverage, nvml::kScopeMemory, Scope::kGpuMemory},
}};

class NvmlPower final : public Source {
 public:
  NvmlPower(NvmlDevicePtr device, NvmlCall integrated)
      : device_(std::move(device)),
        name_("nvml" + std::to_string(device_->index()) + "-power"),
        integrated_(integrated),
        period_ns_(read_period()) {
    for (const Field& field : kFields) {
      if (!device_->supports(field.call)) continue;
      nvml::FieldValue& request = request_[channels_.size()];
      request = {};
      request.field = field.id;
      request.scope = field.nvml_scope;
      add(field.call, field.scope);
    }
    // The older call gives what 185 gives, or on old boards what 186 would.
    if (channels_.empty() && device_->supports(NvmlCall::kPowerUsage)) {
      usage_ = true;
      add(NvmlCall::kPowerUsage, Scope::kBoard);
    }
  }

  [[nodiscard]] const std::string& name() const noexcept override { return name_; }
  [[nodiscard]] const std::vector<ChannelInfo>& channels() const noexcept override { return channels_; }
  [[nodiscard]] Cadence cadence() const noexcept override { return Cadence::kPeriodic; }
  [[nodiscard]] int64_t period_ns() const noexcept override { return period_ns_; }
  [[nodiscard]] bool slow() const noexcept override { return false; }
  [[nodiscard]] size_t max_readings() const noexcept override { return channels_.size(); }

  ReadOutcome read(RawReading* out) noexcept override { return usage_ ? read_usage(out) : read_fields(out); }

 private:
  // The field of the moment's power tells the shape where there is no ring.
  [[nodiscard]] bool beside(NvmlCall call) const {
    return call == NvmlCall::kPowerInstant && integrated_ == NvmlCall::kCount &&
           !device_->supports(NvmlCall::kPowerSamples) && nvml_power_kernel(*device_, call).known;
  }

  [[nodiscard]] int64_t read_period() const {
    const NvmlCall call = beside(NvmlCall::kPowerInstant) && device_->supports(NvmlCall::kPowerInstant)
                              ? NvmlCall::kPowerInstant
                              : integrated_;
    if (call == NvmlCall::kCount || call == NvmlCall::kPowerSamples) return kPeriodNs;
    return std::max(kLeastPeriodNs, nvml_power_kernel(*device_, call).kernel.period_ns / kReadsPerUpdate);
  }

  void add(NvmlCall call, Scope scope) {
    ChannelInfo channel = nvml_channel(*device_, scope, nvml_call_name(call));
    channel.kind = ReadingKind::kPower;
    channel.unit = kMilliwatt;
    channel.traits.period_ns = channel.period_ns = period_ns_;
    channel.beside = beside(call);
    if (channel.beside) {
      const int64_t sensor_ns = nvml_board_traits(0, 0).decay_ns / static_cast<int64_t>(kDecayEfolds);
      channel.sample_traits = instant_traits(nvml_power_kernel(*device_, call).kernel, sensor_ns);
    }
    if (call == integrated_) nvml_integrate(*device_, call, channel);
    channels_.push_back(channel);
  }

  ReadOutcome read_fields(RawReading* out) noexcept {
    std::array<nvml::FieldValue, kFields.size()> fields = request_;
    const int64_t before = monotonic_ns();
    const nvml::Return result = device_->field_values(fields.data(), static_cast<int>(channels_.size()));
    const int64_t after = monotonic_ns();
    ReadOutcome outcome = nvml_outcome(result, 0);
    if (outcome.failed) return outcome;
    for (uint32_t i = 0; i < channels_.size(); ++i) {
      if (nvml_fault(fields[i].result) == Fault::kLost) outcome.fault = Fault::kLost;
      uint64_t milliwatts = 0;
      if (field_count(fields[i], milliwatts)) out[outcome.count++] = {i, before, after, milliwatts};
    }
    outcome.failed = outcome.count == 0;
    return outcome;
  }

  ReadOutcome read_usage(RawReading* out) noexcept {
    out->channel = 0;
    out->t_before = monotonic_ns();
    const nvml::Return result = device_->read(NvmlCall::kPowerUsage, out->raw);
    out->t_after = monotonic_ns();
    return nvml_outcome(result, 1);
  }

  const NvmlDevicePtr device_;
  const std::string name_;
  const NvmlCall integrated_;
  const int64_t period_ns_;
  std::vector<ChannelInfo> channels_;
  std::array<nvml::FieldValue, kFields.size()> request_{};
  bool usage_ = false;
};

}  // namespace

std::unique_ptr<Source> make_nvml_power(const NvmlDevicePtr& device, NvmlCall integrated) {
  auto source = std::make_unique<NvmlPower>(device, integrated);
  if (source->channels().empty()) return nullptr;
  return source;
}

}  // namespace mj::energy
