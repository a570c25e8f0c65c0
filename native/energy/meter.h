#pragma once

// A meter: sources, their threads, what they have read, and the windows that wait for an answer.
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "energy/calibration_channel.h"
#include "energy/meter_data.h"
#include "energy/resolution.h"
#include "energy/resolver.h"
#include "energy/sources.h"

namespace mj::energy {

struct MeterOptions {
  std::vector<std::string> sources;  // families; empty: all
  OpenRequest request;
  double history_seconds = 120;
  bool windows_only = false;
  bool dense = false;                     // slow counters are read back to back
  std::vector<Calibration> calibrations;  // of boards: in place of the built-in traits
};

struct ThreadReport {
  std::string name;
  double cpu_ms = 0;
  double alive_ms = 0;
  uint64_t reads = 0;
  uint64_t late = 0;
  uint64_t dropped = 0;
  SamplerState state = SamplerState::kRunning;
  std::string reason;
};

class Meter {
 public:
  using Resolved = std::function<void(const Status&, Resolution)>;
  using Calibrated = std::function<void(const Status&, const CalibrationResult&)>;
  using Ready = std::function<void(const Status&)>;

  // Opens what can be read and waits for the first edges; blocks, so it belongs on a thread of its own.
  // Fails only where the options themselves are wrong: what cannot be read is a channel that says why.
  static Status open(const MeterOptions& options, std::shared_ptr<Meter>& out);
  // The process-wide meter with these options, opened by the first who asks and closed by the last who lets go.
  static Status open_shared(const MeterOptions& options, std::shared_ptr<Meter>& out);

  ~Meter();
  Meter(const Meter&) = delete;
  Meter& operator=(const Meter&) = delete;

  [[nodiscard]] const MeterData& data() const noexcept { return *data_; }
  // For what may outlive the meter.
  [[nodiscard]] std::shared_ptr<const MeterData> shared_data() const noexcept { return data_; }
  [[nodiscard]] std::vector<ThreadReport> statistics() const;

  // `done` runs on the resolver's thread. Returns a ticket for `cancel`.
  uint64_t resolve(ResolutionRequest request, Resolved done);
  void cancel(uint64_t ticket, const Status& status);

  // `done` runs on the resolver's thread, once the edges after the last burst have come.
  void calibrate(CalibrationJob job, Calibrated done);

  // Slow counters are read between these two; `ready` runs when an edge has been seen since.
  void begin_window(Ready ready);
  void end_window();

  void close();

 private:
  Meter() = default;
  void start_threads(std::vector<std::unique_ptr<Source>> sources,
                     std::vector<std::unique_ptr<ConditionsSource>> conditions, int64_t history_ns);
  std::shared_ptr<SamplerContext> add_source(const std::shared_ptr<Source>& source, int64_t history_ns);
  void await_first_edges();
  void wake_samplers();
  void look_at_conditions();

  struct Running {
    std::shared_ptr<ThreadHealth> health;
    StoppableThread thread;
    bool minds_windows = false;  // reads otherwise while one is open
  };

  std::vector<Calibration> calibrations_;
  std::shared_ptr<MeterData> data_ = std::make_shared<MeterData>();
  Resolver resolver_;
  std::vector<std::unique_ptr<Running>> samplers_;
  std::vector<std::unique_ptr<Running>> conditions_;
};

}  // namespace mj::energy
