#pragma once

// Powers of alternating phases that may be shorter than the counter's step: many marked phases, one counter, and the
// intervals between its edges regressed on how much of each phase they hold. Pure functions; docs/attribution.md.
#include <array>
#include <cstdint>
#include <vector>

#include "energy/dense.h"
#include "energy/window.h"

namespace mj::energy {

constexpr size_t kMostLabels = 16;

struct Phase {
  int64_t a = 0;
  int64_t b = 0;
  size_t label = 0;
};

struct AttributionRequest {
  Span<Phase> phases;  // ascending, none overlaps another, all within [from, to]
  size_t labels = 0;   // what is in no phase is one label more: the rest
  int64_t from = 0;
  int64_t to = 0;
  Span<int64_t> states;  // ascending, within (from, to): the device's power state changes here
};

enum class AttributionStatus : uint8_t { kOk, kBelowResolution, kSuspect, kNotIdentifiable };
const char* attribution_status_name(AttributionStatus status) noexcept;

// Names of TypeScript's AttributionTermName.
enum class AttributionTerm : uint8_t {
  kEdgeTiming,
  kAccumulation,
  kQuantum,
  kRepeats,
  kKernel,
  kMarkDelay,
  kPhase,
  kConfounded,
  kCount,
};
constexpr size_t kAttributionTermCount = static_cast<size_t>(AttributionTerm::kCount);
const char* attribution_term_name(AttributionTerm term) noexcept;

struct LabelPower {
  AttributionStatus status = AttributionStatus::kNotIdentifiable;  // then without a power
  double watts = 0;
  double uncertainty = 0;                             // 95 % half-width, W
  std::array<double, kAttributionTermCount> terms{};  // half-widths, W
  double seconds = 0;                                 // marked, within the range asked for
  size_t occurrences = 0;
  double joules = 0;  // of the counter's total, between the edges that were used
};

// Whether a label's power depends on what came before it.
struct InteractionTest {
  size_t between = 0;  // degrees of freedom; 0: no label has come after different ones often enough
  double within = 0;
  double p = 1;
};

struct Attribution {
  AttributionStatus status = AttributionStatus::kSuspect;
  Cause cause = Cause::kNone;      // of kSuspect
  std::vector<LabelPower> labels;  // those asked for and the rest, where there is any; empty where nothing is known
  Matrix covariance;               // of the powers of `labels`, W^2: half-widths of 95 % are 1.96 times its roots
  double total_j = 0;              // between the first edge used and the last one; NaN: none
  double total_uncertainty = 0;
  int64_t from = 0;
  int64_t to = 0;
  size_t intervals = 0;
  double degrees = 0;
  std::vector<double>
      signals;  // singular values of the whitened design, and what of them may be chance: see AttributionFit
  std::vector<double> chance;
  InteractionTest interaction;
  size_t block_intervals = 0;   // of the bootstrap
  double sensor_u = 0;          // how far the sensor's time constant may be off, as a part of it
  bool sensor_doubted = false;  // that is more than was supposed
};

// Fewer intervals than this beyond the number of labels say too little about their own errors.
constexpr size_t kSpareIntervals = 10;

struct AttributionRules {
  // Below this a contrast of the mean power is hidden in the noise of every interval that it touches. Measured in
  // simulation, docs/attribution.md.
  double least_signal = 0.3;
  int replicates = 400;
  uint64_t seed = 1;
};

Attribution attribute(const CounterView& counter, const AttributionRequest& request,
                      const AttributionRules& rules = {});

}  // namespace mj::energy
