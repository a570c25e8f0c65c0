#include <array>

#include "base/clock.h"
#include "energy/nvml_sources.h"

namespace mj::energy {

namespace {

// [H200] the fields change every 100 ms (other boards: from 20 ms on, which the sample ring resolves). A read costs a
// microsecond and the wake-up of the thread about 45, so that the period decides the cost.
constexpr int64_t kPeriodNs = 40 * kNsPerMs;
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
  explicit NvmlPower(NvmlDevicePtr device)
      : device_(std::move(device)), name_("nvml" + std::to_string(device_->index()) + "-power") {
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
  [[nodiscard]] int64_t period_ns() const noexcept override { return kPeriodNs; }
  [[nodiscard]] bool slow() const noexcept override { return false; }
  [[nodiscard]] size_t max_readings() const noexcept override { return channels_.size(); }

  ReadOutcome read(RawReading* out) noexcept override { return usage_ ? read_usage(out) : read_fields(out); }

 private:
  void add(NvmlCall call, Scope scope) {
    ChannelInfo channel = nvml_channel(*device_, scope, nvml_call_name(call));
    channel.kind = ReadingKind::kPower;
    channel.unit = kMilliwatt;
    channel.traits.period_ns = kPeriodNs;
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
  std::vector<ChannelInfo> channels_;
  std::array<nvml::FieldValue, kFields.size()> request_{};
  bool usage_ = false;
};

}  // namespace

std::unique_ptr<Source> make_nvml_power(const NvmlDevicePtr& device) {
  auto source = std::make_unique<NvmlPower>(device);
  if (source->channels().empty()) return nullptr;
  return source;
}

}  // namespace mj::energy
