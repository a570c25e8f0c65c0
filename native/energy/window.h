#pragma once

// Energy between two instants from the edges of one cumulative counter. Pure functions over samples.
// Method and terms: docs/uncertainty.md.
#include <array>
#include <cstdint>
#include <vector>

#include "energy/samples.h"

namespace mj::energy {

enum class EstimateStatus : uint8_t { kOk, kBelowResolution, kSuspect, kUnsupported };
const char* status_name(EstimateStatus status) noexcept;

// Names of TypeScript's SuspectCause.
enum class Cause : uint8_t {
  kNone,
  kCounterReset,
  kCounterBackwards,
  kCounterStuck,
  kCounterJump,
  kWrapAmbiguous,
  kHistoryLost,
  kClockStep,
  kDeviceLost,
  kIdleStateChanged,
  kOtherWork,
  kNoUpdate,
  kInconsistent,
};
const char* cause_name(Cause cause) noexcept;

// Names of TypeScript's BudgetTermName.
enum class Term : uint8_t {
  kEdgeTiming,
  kAccumulation,
  kCutInterval,
  kQuantum,
  kIdleLevel,
  kIdleDrift,
  kKernel,
  kMarkDelay,
  kPhase,
  kSamples,
  kCoverage,
  kCount,
};
constexpr size_t kTermCount = static_cast<size_t>(Term::kCount);
const char* term_name(Term term) noexcept;

// 'normal', 'rectangular' or 'two-point': how a term is combined.
const char* term_distribution(Term term) noexcept;
// What the term's errors have in common ('edge', 'idle', 'calibration'): with the channel and the instant, its key.
const char* term_origin(Term term) noexcept;

// What a power sensor's values see of the power between one and the next. A counter sees all of it.
struct PowerSight {
  double noise_w = 0;  // standard deviation of a value; 0: a counter
  double blind = 0;    // share of the time of which nothing is seen
  double most = 1;     // an effect is counted so many times, by where it falls between two values
  double least = 1;
};

// What is known of the counter itself.
struct CounterTraits {
  int64_t period_ns = 0;   // nominal time between updates
  double quantum_j = 0;    // smallest step
  double max_power_w = 0;  // larger of twice the limit and 1.2 x the highest power seen; 0: unknown
  double min_power_w = 0;
  int64_t displacement_ns = 0;   // how far accumulation may lie from publication
  int64_t decay_ns = 0;          // D: after this time an effect has left the sensor
  double sensor_u = 0;           // standard uncertainty of the sensor's time constant, relative
  int64_t mark_delay_ns = 0;     // how far the device's work may lie from the marks around it
  int64_t counter_delay_ns = 0;  // and what the counter shows from that, beyond the sensor: one for all instants
  // What the counter makes of a short effect depends on where in its period the effect falls: relative half-width for
  // one much shorter than the period, rectangular.
  double phase_sensitivity = 0;
  int64_t phase_reach_ns = 0;  // of an effect as long as this it is half as much; 0: unknown, none
  // The same where it is read back to back.
  double dense_phase_sensitivity = 0;
  int64_t dense_phase_reach_ns = 0;
  // The values carry deliberate noise (SGX, MSR 0xBC): what that hides of the time of an update. 0: none.
  int64_t filter_ns = 0;
  int64_t grid_jitter_ns = 0;  // standard deviation of updates about a regular grid; 0: no grid is known
  PowerSight sight;            // of energy counted from a power sensor's values
  double idle_noise_w = 0;  // of idle power, where too little of it is seen: standard deviation, correlated over 10 ms
};

// A power sensor that sees the same device: a first-order filter with the counter's time constant, shown late.
struct SampleTraits {
  int64_t lag_ns = 0;           // from what was sensed to its stamp
  double noise_w = 0;           // standard deviation of a sample
  double gain = 1;              // over the counter's
  double gain_u = 0;            // standard uncertainty of the gain, relative
  int64_t stamp_jitter_ns = 0;  // standard deviation of a stamp
};

struct CounterView {
  Span<Edge> edges;  // ascending
  Span<FaultEvent> faults;
  CounterTraits traits;
  Span<PowerSample> samples;  // ascending; may be empty
  SampleTraits sample_traits;
};

struct Window {
  int64_t a = 0;
  int64_t b = 0;
  // Declared quiet time on both sides: nothing of ours ran in [a - idle_before, a] and [b, b + idle_after]. 0: none.
  int64_t idle_before_ns = 0;
  int64_t idle_after_ns = 0;
};

// A figure with the ends of its 95 % interval; `uncertainty` is the half-width, the larger one where they differ.
struct Figure {
  EstimateStatus status = EstimateStatus::kUnsupported;
  Cause cause = Cause::kNone;
  double value = 0;  // NaN: none
  double lo = 0;
  double hi = 0;
  double uncertainty = 0;
  std::array<double, kTermCount> terms{};  // half-widths, J
};

struct Level {
  double watts = 0;  // NaN: none
  double uncertainty = 0;
};

struct Estimate {
  Figure window;
  Figure caused;
  Level idle_before;
  Level idle_after;
  Level idle;
};

Estimate estimate(const CounterView& counter, const Window& window);

// Many windows of one snapshot: one posterior, so that the parts of a window sum to the whole. With `covariance`, J^2,
// of the figures of kind `window`: windows.size x windows.size, row by row.
std::vector<Estimate> estimate_all(const CounterView& counter, const Span<Window>& windows,
                                   std::vector<double>* covariance = nullptr);

}  // namespace mj::energy
