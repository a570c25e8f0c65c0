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
};

// What a meter has read, apart from the threads that read it: jobs that outlive the meter hold on to this.
struct MeterData {
  std::vector<MeterChannel> channels;
  std::vector<std::shared_ptr<Series>> power;
  std::vector<DeviceInfo> devices;
  std::vector<std::shared_ptr<ConditionsContext>> conditions;
  std::shared_ptr<WindowGate> gate;
  std::string driver;
  bool simulated = false;
  size_t memory_bytes = 0;

  // Joules since open of each channel, NaN where not measured. Neither locks nor allocates.
  void read(double* out) const noexcept;
  // Every channel that can still give one has given an edge that lies wholly after this instant.
  [[nodiscard]] bool edges_after(int64_t instant, int64_t now) const noexcept;
  [[nodiscard]] int64_t slowest_period_ns() const noexcept;
  // What is known of a channel's counter by now: the period learned, the highest power seen.
  [[nodiscard]] CounterTraits traits(const MeterChannel& channel) const noexcept;
};

}  // namespace mj::energy
