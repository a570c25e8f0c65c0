#pragma once

// Watches the counters' steps on both sides of one window, on the thread that runs it.
#include <memory>
#include <string>
#include <vector>

#include "energy/aligned_window.h"
#include "energy/counter_tracker.h"
#include "energy/meter_data.h"

namespace mj::energy {

class Alignment {
 public:
  explicit Alignment(std::shared_ptr<const MeterData> data);

  // Whether the steps of any channel can be watched at all.
  [[nodiscard]] Status possible() const;

  // Reads without a pause until the steps before the window have been seen, the last one of a package just now.
  // Returns after 32 periods of the counters (32 ms) in any case, on a busy machine of the time in which it could read.
  void open();
  // The same for the steps after the window [a, b], which has just ended. Once, after `open`.
  void close(int64_t a, int64_t b);

  // One a channel of the meter, after `close`.
  struct Outcome {
    Status unaligned;  // not ok: why there is no figure
    Figure figure;
  };
  [[nodiscard]] std::vector<Outcome> outcomes() const;

 private:
  struct Watched {
    Watched(size_t its_place, const MeterChannel& channel);
    // True where it stepped. A step after the window began after it.
    bool observe(const RawReading& reading, bool closing, int64_t window_end) noexcept;
    [[nodiscard]] bool seen(bool closing) const noexcept;

    size_t place;  // among the channels
    uint32_t source_channel;
    CounterTracker tracker;
    Fault fault = Fault::kNone;
    std::vector<Edge> before;
    std::vector<Edge> after;
  };
  struct Group {
    std::shared_ptr<Source> source;
    std::vector<RawReading> readings;
    std::vector<Watched> channels;
  };

  void watch();
  // Reads every source once. True where the leading channel stepped.
  bool read_all() noexcept;
  [[nodiscard]] bool all_seen() const noexcept;
  [[nodiscard]] Status excluded(const MeterChannel& channel) const;
  [[nodiscard]] Outcome outcome_of(const Watched& watched) const;

  const std::shared_ptr<const MeterData> data_;
  std::vector<Group> groups_;
  size_t leader_ = 0;  // place of the channel whose step the window begins at
  int64_t period_ns_ = 0;
  bool closing_ = false;
  int64_t a_ = 0;
  int64_t b_ = 0;
};

}  // namespace mj::energy
