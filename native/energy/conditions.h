#pragma once

// The state of a device beside its energy: what a figure was taken under.
#include <array>
#include <cstdint>
#include <limits>
#include <string>

#include "energy/samples.h"

namespace mj::energy {

enum class OtherWork : uint8_t { kUnknown, kNone, kBusy };

constexpr size_t kMostBusyNamed = 4;

// NaN: not readable.
struct ConditionSample {
  int64_t at = 0;  // CLOCK_MONOTONIC
  float temperature_c = std::numeric_limits<float>::quiet_NaN();
  float sm_clock_mhz = std::numeric_limits<float>::quiet_NaN();
  float memory_clock_mhz = std::numeric_limits<float>::quiet_NaN();
  float gpu_utilization_percent = std::numeric_limits<float>::quiet_NaN();
  float memory_utilization_percent = std::numeric_limits<float>::quiet_NaN();
  bool throttle_known = false;
  bool looked_at_processes = false;  // now; else `other_work` is what the look before gave
  OtherWork other_work = OtherWork::kUnknown;
  int64_t busy_at = 0;  // the driver's stamp of the last sample in which others were busy, CLOCK_MONOTONIC
  uint64_t throttle_mask = 0;
  std::array<uint32_t, kMostBusyNamed> busy_pids{};  // of others, as the driver counts them; 0: no more
};

class ConditionsSource {
 public:
  virtual ~ConditionsSource() = default;
  [[nodiscard]] virtual const std::string& name() const noexcept = 0;       // of its thread: 'nvml0-state'
  [[nodiscard]] virtual const std::string& device_id() const noexcept = 0;  // 'board-0'
  [[nodiscard]] virtual double power_limit_w() const noexcept = 0;          // NaN: not told
  [[nodiscard]] virtual int64_t period_ns() const noexcept = 0;
  // Never allocates, never throws. False where nothing could be read. `asked`: somebody wants to know now.
  virtual bool read(ConditionSample& out, Fault& fault, bool asked) noexcept = 0;
};

}  // namespace mj::energy
