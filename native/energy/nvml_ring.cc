#include "base/clock.h"
#include "energy/nvml_sources.h"
#include "energy/realtime_offset.h"
#include "energy/window_traits.h"

namespace mj::energy {

namespace {

// The driver keeps 119 samples of 20 ms (2.36 s): once a second loses none, and 0.5-0.8 ms a second is 0.08 % of a
// core.
constexpr int64_t kPeriodNs = kNsPerSecond;
// The end of a window is asked for soon after it, and its samples with it.
constexpr int64_t kWindowPeriodNs = 100 * kNsPerMs;
constexpr int64_t kSamplePeriodNs = 20 * kNsPerMs;
constexpr double kMilliwatt = 1e-3;
constexpr size_t kRoom = 512;

class NvmlRing final : public Source {
 public:
  NvmlRing(NvmlDevicePtr device, NvmlCall integrated)
      : device_(std::move(device)),
        name_("nvml" + std::to_string(device_->index()) + "-ring"),
        buffer_(kRoom),
        clocks_(read_clock_pair()) {
    ChannelInfo channel = nvml_channel(*device_, Scope::kBoard, nvml_call_name(NvmlCall::kPowerSamples));
    channel.kind = ReadingKind::kPower;
    channel.unit = kMilliwatt;
    channel.traits.period_ns = channel.period_ns = kSamplePeriodNs;
    channel.sampled = true;
    channel.sample_traits = nvml_ring_traits();
    if (integrated == NvmlCall::kPowerSamples) nvml_integrate(*device_, integrated, channel);
    channels_.push_back(channel);
  }

  [[nodiscard]] const std::string& name() const noexcept override { return name_; }
  [[nodiscard]] const std::vector<ChannelInfo>& channels() const noexcept override { return channels_; }
  [[nodiscard]] Cadence cadence() const noexcept override { return Cadence::kPeriodic; }
  [[nodiscard]] int64_t period_ns() const noexcept override { return kPeriodNs; }
  [[nodiscard]] int64_t window_period_ns() const noexcept override { return kWindowPeriodNs; }
  [[nodiscard]] bool slow() const noexcept override { return false; }
  [[nodiscard]] size_t max_readings() const noexcept override { return buffer_.size(); }

  ReadOutcome read(RawReading* out) noexcept override {
    const ClockPair before = read_clock_pair();
    auto count = static_cast<unsigned int>(buffer_.size());
    const nvml::Return result = device_->power_samples(last_us_, buffer_.data(), count);
    const ClockPair after = read_clock_pair();
    const bool stepped = clock_stepped(clocks_, before) || clock_stepped(before, after);
    clocks_ = after;
    if (stepped) {
      // The stamps of before the step cannot be placed any more: this batch is dropped, the next one is whole again.
      last_us_ = static_cast<uint64_t>(clock_ns(CLOCK_REALTIME) / kNsPerUs);
      return {0, false, Fault::kClockStep};
    }
    // Asked for what is newer than the newest, the driver may say that there is nothing.
    if (result == nvml::kNotFound || result == nvml::kNoData) return {};
    ReadOutcome outcome = nvml_outcome(result, 0);
    if (outcome.failed) return outcome;
    for (unsigned int i = 0; i < count; ++i) {
      const uint64_t stamp_us = buffer_[i].timestamp_us;
      if (stamp_us <= last_us_) continue;
      const int64_t at = static_cast<int64_t>(stamp_us) * kNsPerUs - before.offset_ns;
      // Stamped before the wall clock was set back.
      if (at > after.at + kNsPerMs) continue;
      last_us_ = stamp_us;
      out[outcome.count++] = {0, at, at, buffer_[i].value.ull};
    }
    return outcome;
  }

 private:
  const NvmlDevicePtr device_;
  const std::string name_;
  std::vector<nvml::Sample> buffer_;
  std::vector<ChannelInfo> channels_;
  ClockPair clocks_;
  uint64_t last_us_ = 0;
};

}  // namespace

std::unique_ptr<Source> make_nvml_ring(const NvmlDevicePtr& device, NvmlCall integrated) {
  if (!device->supports(NvmlCall::kPowerSamples)) return nullptr;
  return std::make_unique<NvmlRing>(device, integrated);
}

}  // namespace mj::energy
