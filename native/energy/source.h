#pragma once

// The interface every counter implements: a new one is one file and one line in sources.cc.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "energy/power_counter.h"
#include "energy/samples.h"
#include "energy/window.h"

namespace mj::energy {

enum class Scope : uint8_t { kBoard, kModule, kGpuMemory, kPackage, kCore, kUncore, kDram, kPlatform };
const char* scope_name(Scope scope) noexcept;    // 'cpu-package'
const char* scope_prefix(Scope scope) noexcept;  // 'package', as in the id 'package-1'

enum class ReadingKind : uint8_t { kEnergyCounter, kPower };

// Energy is counted from a power sensor's values.
struct Integrated {
  PowerKernel kernel;
  std::string assumed;  // of the sensor, for the method: 'means over 1 s'
};

// One series of readings of a source.
struct ChannelInfo {
  std::string id;      // 'board-0'
  std::string method;  // 'nvml:total-energy'
  Scope scope = Scope::kBoard;
  int index = 0;
  ReadingKind kind = ReadingKind::kEnergyCounter;
  double unit = 1;       // J (or W) a count
  uint64_t modulus = 0;  // counts at which it wraps; 0: never
  CounterTraits traits;
  int64_t period_ns = 0;  // of power: from one reading to the next
  bool sampled = false;   // of power: a plain series of samples of a filtered power, which `sample_traits` describe
  bool beside = false;    // of power that is polled: `sample_traits` describe its new values, beside a counter
  SampleTraits sample_traits;
  std::optional<Integrated> integrated;  // of power: of a board whose energy counter cannot be read
  std::string key;                       // board and sensor: the correlation key of the gain
  std::string uuid;
  std::string pci_bus_id;
  Status unsupported;  // not ok: the channel is known and cannot be read
};

// One raw reading. Sources with stamps of their own (the NVML ring) give them, already on CLOCK_MONOTONIC.
struct RawReading {
  uint32_t channel = 0;
  int64_t t_before = 0;
  int64_t t_after = 0;
  uint64_t raw = 0;
};

enum class Cadence : uint8_t {
  kPeriodic,  // on an absolute schedule of period_ns
  kEdges,     // around the predicted edges of channel 0 only: two calls an edge
};

struct ReadOutcome {
  size_t count = 0;            // readings filled in; none is no failure where nothing was new
  bool failed = false;         // the call failed, perhaps for once
  Fault fault = Fault::kNone;  // kLost: the device is gone; kClockStep: stamps are void, this batch was dropped
};

class Source {
 public:
  virtual ~Source() = default;
  [[nodiscard]] virtual const std::string& name() const noexcept = 0;  // of its thread too: 'nvml0-energy'
  [[nodiscard]] virtual const std::vector<ChannelInfo>& channels() const noexcept = 0;
  [[nodiscard]] virtual Cadence cadence() const noexcept = 0;
  [[nodiscard]] virtual int64_t period_ns() const noexcept = 0;
  // Read so much more often while a window is open; 0: no more often than else.
  [[nodiscard]] virtual int64_t window_period_ns() const noexcept { return 0; }
  // CPUs that the reading thread stays on; empty: any.
  [[nodiscard]] virtual const std::vector<int>& cpus() const noexcept;
  // `read` may be called by any thread at any time, and takes microseconds.
  [[nodiscard]] virtual bool immediate() const noexcept { return false; }
  // Only read while a window is open, where the meter was asked for `sampling: 'windows'`.
  [[nodiscard]] virtual bool slow() const noexcept = 0;
  // The largest number of readings one read can give: the caller's buffer has this size.
  [[nodiscard]] virtual size_t max_readings() const noexcept = 0;
  // Never allocates, never throws.
  virtual ReadOutcome read(RawReading* out) noexcept = 0;
  // The same without the stamps, for whoever needs but one after the call: a clock costs a tenth of a fast read.
  virtual ReadOutcome read_values(RawReading* out) noexcept { return read(out); }
};

}  // namespace mj::energy
