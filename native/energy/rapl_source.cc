#include "energy/rapl_source.h"

#include <array>
#include <utility>

#include "base/clock.h"

namespace mj::energy {

namespace {

constexpr int64_t kPeriodNs = 10 * kNsPerMs;
// The counters' own period. A sum over many cores costs a system call and an interrupt a core: too much for every ms.
constexpr int64_t kWindowPeriodNs = kNsPerMs;
constexpr size_t kMostCallsInWindow = 8;

class RaplSource final : public Source {
 public:
  RaplSource(std::string name, RaplGroup group, std::vector<ChannelInfo> channels)
      : name_(std::move(name)), group_(std::move(group)) {
    for (size_t i = 0; i < channels.size(); ++i) {
      if (!channels[i].unsupported.ok()) continue;
      domains_.push_back(i);
      channels_.push_back(std::move(channels[i]));
    }
  }

  [[nodiscard]] const std::string& name() const noexcept override { return name_; }
  [[nodiscard]] const std::vector<ChannelInfo>& channels() const noexcept override { return channels_; }
  [[nodiscard]] Cadence cadence() const noexcept override { return Cadence::kPeriodic; }
  [[nodiscard]] int64_t period_ns() const noexcept override { return kPeriodNs; }
  [[nodiscard]] int64_t window_period_ns() const noexcept override {
    return group_.calls <= kMostCallsInWindow ? kWindowPeriodNs : 0;
  }
  [[nodiscard]] const std::vector<int>& cpus() const noexcept override { return group_.cpus; }
  [[nodiscard]] bool immediate() const noexcept override { return true; }
  [[nodiscard]] bool slow() const noexcept override { return false; }
  [[nodiscard]] size_t max_readings() const noexcept override { return channels_.size(); }

  ReadOutcome read(RawReading* out) noexcept override {
    const int64_t before = monotonic_ns();
    const ReadOutcome outcome = read_values(out);
    const int64_t after = monotonic_ns();
    for (size_t i = 0; i < outcome.count; ++i) {
      out[i].t_before = before;
      out[i].t_after = after;
    }
    return outcome;
  }

  ReadOutcome read_values(RawReading* out) noexcept override {
    std::array<uint64_t, kMostRaplDomains> raws;
    const ReadOutcome outcome = group_.reads->read(raws.data());
    if (outcome.failed) return {0, true, outcome.fault};
    for (size_t i = 0; i < domains_.size(); ++i) {
      out[i].channel = static_cast<uint32_t>(i);
      out[i].raw = raws[domains_[i]];
    }
    return {domains_.size(), false, outcome.fault};
  }

 private:
  const std::string name_;
  const RaplGroup group_;
  std::vector<size_t> domains_;  // of each channel: its place in what the group reads
  std::vector<ChannelInfo> channels_;
};

}  // namespace

std::unique_ptr<Source> make_rapl_source(std::string name, RaplGroup group, std::vector<ChannelInfo> channels) {
  return std::make_unique<RaplSource>(std::move(name), std::move(group), std::move(channels));
}

}  // namespace mj::energy
