#pragma once

#include <memory>
#include <string>
#include <vector>

#include "energy/sampler.h"
#include "energy/sources.h"

namespace mj::energy {

// One energy channel as the user sees it: readable (with a series) or known and unreadable.
struct MeterChannel {
  ChannelInfo info;
  std::string family;                    // 'nvml'
  std::shared_ptr<Series> series;        // null where it cannot be read
  std::shared_ptr<ThreadHealth> health;  // of the thread that reads it
  std::shared_ptr<Source> source;
  uint32_t source_channel = 0;
};

// A source that any thread may read at any time.
struct ImmediateSource {
  static constexpr size_t kMostReadings = 8;
  struct Target {
    size_t place;        // among MeterData's channels
    CounterRules rules;  // a copy: what the loop needs lies together
    std::shared_ptr<Series> series;
  };
  std::shared_ptr<Source> source;
  std::vector<Target> targets;  // by the source's own channel

  // Joules since open of each target at its place: as of now, or the latest known.
  void sample(double* out) const noexcept;
};

// What a meter has read, apart from the threads that read it: jobs that outlive the meter hold on to this.
struct MeterData {
  std::vector<MeterChannel> channels;
  std::vector<ImmediateSource> immediate;
  std::vector<size_t> sampled_by_threads_only;  // places of the channels that no immediate source has
  std::vector<std::shared_ptr<Series>> power;
  std::vector<DeviceInfo> devices;
  std::vector<std::shared_ptr<ConditionsContext>> conditions;
  std::shared_ptr<WindowGate> gate;
  std::string driver;
  bool simulated = false;
  size_t memory_bytes = 0;

  // Joules since open of each channel, NaN where not measured. Neither locks nor allocates.
  void read(double* out) const noexcept;
  // The same, with the counters that can be read at once as they stand now, read on the calling thread.
  void sample(double* out) const noexcept;
  // Every channel that can still give one has given an edge that lies wholly after this instant.
  [[nodiscard]] bool edges_after(int64_t instant, int64_t now) const noexcept;
  // How long an edge of the slowest channel is waited for.
  [[nodiscard]] int64_t patience_ns() const noexcept;
  // What is known of a channel's counter by now: the period learned, the highest power seen.
  [[nodiscard]] CounterTraits traits(const MeterChannel& channel) const noexcept;
  // The sensor's samples beside a counter of the same board, where it has the ring: the shape between two updates.
  [[nodiscard]] const Series* ring_of(const MeterChannel& channel) const noexcept;

 private:
  [[nodiscard]] double latest(size_t channel) const noexcept;
};

}  // namespace mj::energy
