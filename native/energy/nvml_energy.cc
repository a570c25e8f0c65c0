#include "base/clock.h"
#include "energy/nvml_sources.h"

namespace mj::energy {

namespace {

class NvmlEnergy final : public Source {
 public:
  NvmlEnergy(NvmlDevicePtr device, NvmlCall call, Scope scope)
      : device_(std::move(device)),
        call_(call),
        name_("nvml" + std::to_string(device_->index()) +
              (scope == Scope::kBoard ? "-energy" : std::string("-e-") + scope_prefix(scope))) {
    ChannelInfo channel = nvml_channel(*device_, scope, nvml_call_name(call));
    channel.kind = ReadingKind::kEnergyCounter;
    channel.unit = channel.traits.quantum_j;
    channels_.push_back(channel);
  }

  [[nodiscard]] const std::string& name() const noexcept override { return name_; }
  [[nodiscard]] const std::vector<ChannelInfo>& channels() const noexcept override { return channels_; }
  [[nodiscard]] Cadence cadence() const noexcept override { return Cadence::kEdges; }
  [[nodiscard]] int64_t period_ns() const noexcept override { return channels_[0].traits.period_ns; }
  [[nodiscard]] bool slow() const noexcept override { return true; }
  [[nodiscard]] size_t max_readings() const noexcept override { return 1; }

  ReadOutcome read(RawReading* out) noexcept override {
    out->channel = 0;
    out->t_before = monotonic_ns();
    const nvml::Return result = device_->read(call_, out->raw);
    out->t_after = monotonic_ns();
    return nvml_outcome(result, 1);
  }

 private:
  const NvmlDevicePtr device_;
  const NvmlCall call_;
  const std::string name_;
  std::vector<ChannelInfo> channels_;
};

}  // namespace

std::unique_ptr<Source> make_nvml_energy(const NvmlDevicePtr& device, NvmlCall call, Scope scope) {
  return std::make_unique<NvmlEnergy>(device, call, scope);
}

}  // namespace mj::energy
