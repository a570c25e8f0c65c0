#include "energy/step_recorder.h"

#include <algorithm>

#include "base/clock.h"
#include "base/thread.h"
#include "energy/counter_tracker.h"

namespace mj::energy {

namespace {

// A step of a millisecond is then stamped to a hundredth of it; reading faster would only disturb what is measured.
constexpr int64_t kReadEveryNs = 10 * kNsPerUs;
constexpr int kFailuresToLose = 10;

inline void relax() noexcept {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

double percentile_us(std::vector<uint32_t>& durations_ns, double fraction) {
  if (durations_ns.empty()) return 0;
  const auto place = static_cast<ptrdiff_t>(fraction * static_cast<double>(durations_ns.size() - 1));
  std::nth_element(durations_ns.begin(), durations_ns.begin() + place, durations_ns.end());
  return static_cast<double>(durations_ns[static_cast<size_t>(place)]) / kNsPerUs;
}

// The reads of one record. Everything it needs is laid out by the constructor.
class Recording {
 public:
  Recording(const MeterChannel& channel, int64_t duration_ns)
      : source_(*channel.source),
        channel_(channel.source_channel),
        period_ns_(channel.info.traits.period_ns),
        duration_ns_(duration_ns),
        tracker_(channel.series->rules),
        readings_(source_.max_readings()) {
    const auto most_reads = static_cast<size_t>(duration_ns / kReadEveryNs + 1);
    steps_.reserve(most_reads);
    durations_ns_.reserve(most_reads);
  }

  Status run(const std::atomic<bool>& stop, StepRecord& out) {
    out.start = monotonic_ns();
    const int64_t end = out.start + duration_ns_;
    int failures = 0;
    for (int64_t next = out.start; next < end && fault_ == Fault::kNone; next = pause_until(next + kReadEveryNs)) {
      if (stop.load(std::memory_order_relaxed)) return {Code::kMeterClosed, "The meter was closed."};
      const ReadOutcome read = source_.read(readings_.data());
      failures = read.failed ? failures + 1 : 0;
      if (read.fault == Fault::kLost || failures >= kFailuresToLose) {
        return {Code::kCounterLost, "The counter can no longer be read."};
      }
      for (size_t i = 0; i < read.count; ++i) {
        if (readings_[i].channel == channel_) observe(readings_[i]);
      }
    }
    out.end = monotonic_ns();
    out.reads = durations_ns_.size();
    out.missed = missed_;
    out.fault = fault_;
    out.steps = std::move(steps_);
    out.read_p50_us = percentile_us(durations_ns_, 0.50);
    out.read_p99_us = percentile_us(durations_ns_, 0.99);
    return {};
  }

 private:
  void observe(const RawReading& reading) {
    const auto outcome = tracker_.observe(reading.t_before, reading.t_after, reading.raw);
    if (!durations_ns_.empty()) missed_ += static_cast<uint64_t>((reading.t_before - last_before_) / period_ns_);
    last_before_ = reading.t_before;
    durations_ns_.push_back(static_cast<uint32_t>(std::min<int64_t>(reading.t_after - reading.t_before, UINT32_MAX)));
    fault_ = outcome.fault.fault;
    if (outcome.changed && fault_ == Fault::kNone) steps_.push_back(outcome.edge);
  }

  // The next read's instant: a little later than asked where the thread was kept from running.
  static int64_t pause_until(int64_t instant) noexcept {
    int64_t now = monotonic_ns();
    for (; now < instant; now = monotonic_ns()) relax();
    return now;
  }

  Source& source_;
  const uint32_t channel_;
  const int64_t period_ns_;
  const int64_t duration_ns_;
  CounterTracker tracker_;
  std::vector<RawReading> readings_;
  std::vector<Edge> steps_;
  std::vector<uint32_t> durations_ns_;
  int64_t last_before_ = 0;
  uint64_t missed_ = 0;
  Fault fault_ = Fault::kNone;
};

}  // namespace

Status recordable(const MeterChannel& channel) {
  if (!channel.series) return channel.info.unsupported;
  if (channel.source->immediate()) return {};
  return {
      Code::kNotSupported,
      "The steps of " + channel.info.id + " cannot be recorded: a read of " + channel.info.method + " takes too long.",
      "Record the steps of a processor's package."};
}

Status record_steps(const MeterChannel& channel, int64_t duration_ns, const std::atomic<bool>& stop, StepRecord& out) {
  Status status = recordable(channel);
  if (!status.ok()) return status;
  pin_this_thread(channel.source->cpus());
  status = Recording(channel, std::min(duration_ns, kLongestRecordNs)).run(stop, out);
  if (status.ok()) out.powers = powers_between({out.steps.data(), out.steps.size()}, channel.series->rules.quantum_j);
  return status;
}

}  // namespace mj::energy
