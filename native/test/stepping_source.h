#pragma once

// A register of the processor that is refreshed on a grid of 1 ms of the clock itself, so that every instant has a
// known energy, whoever reads it and whenever.
#include <sched.h>

#include <atomic>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "energy/source.h"

namespace mj::test {

class SteppingSource final : public energy::Source {
 public:
  static constexpr double kWatts = 100;
  static constexpr int64_t kUpdateNs = kNsPerMs;
  static constexpr double kCountJ = 0x1p-16;

  explicit SteppingSource(int64_t period_ns, std::vector<int> cpus = {}) : period_(period_ns), cpus_(std::move(cpus)) {
    energy::ChannelInfo channel;
    channel.id = "package-0";
    channel.method = "msr:0x611";
    channel.scope = energy::Scope::kPackage;
    channel.unit = kCountJ;
    channel.modulus = 1ULL << 32U;
    channel.traits.period_ns = kUpdateNs;
    channel.traits.quantum_j = channel.unit;
    channel.traits.max_power_w = 4 * kWatts;
    channels_.push_back(channel);
  }

  [[nodiscard]] const std::string& name() const noexcept override { return name_; }
  [[nodiscard]] const std::vector<energy::ChannelInfo>& channels() const noexcept override { return channels_; }
  [[nodiscard]] energy::Cadence cadence() const noexcept override { return energy::Cadence::kPeriodic; }
  [[nodiscard]] int64_t period_ns() const noexcept override { return period_; }
  [[nodiscard]] int64_t window_period_ns() const noexcept override { return kUpdateNs; }
  [[nodiscard]] const std::vector<int>& cpus() const noexcept override { return cpus_; }
  [[nodiscard]] bool immediate() const noexcept override { return quick; }
  [[nodiscard]] bool slow() const noexcept override { return false; }
  [[nodiscard]] size_t max_readings() const noexcept override { return 1; }

  energy::ReadOutcome read(energy::RawReading* out) noexcept override {
    if (failing) return {0, true};
    cpu_set_t set;
    CPU_ZERO(&set);
    sched_getaffinity(0, sizeof(set), &set);
    allowed_cpus = CPU_COUNT(&set);
    out->channel = 0;
    out->t_before = monotonic_ns();
    const double joules = joules_at(out->t_before) - (restarted ? joules_at(restarted_at) : 0);
    if (first_joules.load() < 0) first_joules = joules;
    last_joules = joules;
    out->raw = still ? 1 : static_cast<uint64_t>(joules / channels_[0].unit) % channels_[0].modulus;
    out->t_after = monotonic_ns();
    return {1};
  }

  // Of the refresh that was the last one then.
  static double joules_at(int64_t t) {
    const int64_t refreshes = t / kUpdateNs;
    return kWatts * static_cast<double>(refreshes) * 1e-3;
  }
  void restart() {
    restarted_at = monotonic_ns();
    restarted = true;
  }

  std::atomic<bool> failing{false};
  std::atomic<bool> still{false};
  std::atomic<bool> quick{true};
  std::atomic<int> allowed_cpus{0};
  std::atomic<double> first_joules{-1};  // at the first read
  std::atomic<double> last_joules{-1};
  std::atomic<int64_t> restarted_at{0};
  std::atomic<bool> restarted{false};

 private:
  const std::string name_ = "rapl0";
  const int64_t period_;
  const std::vector<int> cpus_;
  std::vector<energy::ChannelInfo> channels_;
};

}  // namespace mj::test
