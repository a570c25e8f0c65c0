#include "energy/attribution.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "energy/attribution_interaction.h"
#include "energy/attribution_uncertainty.h"
#include "energy/window_bounds.h"
#include "energy/window_faults.h"

namespace mj::energy {

namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr double kNormal95 = 1.96;
// An update later than this many periods is missing, not merely due.
constexpr double kOverdue = 1.5;
// Errors depend on the powers, and those on the errors: so many rounds.
constexpr int kRounds = 3;
// A label is refused where what the design does not show of it exceeds this part of the mean power.
constexpr double kMostConfounded = 0.1;
// Blocks hold this many of the longest phases, so that what varies from one to the next is seen.
constexpr double kPhasesABlock = 2;
constexpr size_t kFewestBlocks = 10;

// Faults within the range, or a timeline that does not reach all of it.
Cause cause_within(const CounterView& counter, const AttributionRequest& request) {
  const Span<Edge>& edges = counter.edges;
  if (edges.empty()) return Cause::kNoUpdate;
  const Cause fault = fault_within(counter.faults, request.from, request.to);
  if (fault != Cause::kNone) return fault;
  const auto slack = static_cast<int64_t>(kOverdue * static_cast<double>(counter.traits.period_ns));
  if (request.to > edges.back().hi + slack) return Cause::kNoUpdate;
  if (request.from < edges[0].lo - slack) return Cause::kHistoryLost;
  return Cause::kNone;
}

// What is missing at an end leaves the rest of the range; other faults leave no total that could be shared out.
bool voids_total(Cause cause) noexcept {
  return voids_energy(cause) && cause != Cause::kNoUpdate && cause != Cause::kHistoryLost;
}

void fit(AttributionWork& work) {
  std::vector<double> watts = work.frame.level(work.mean_w());
  for (int round = 0; round < kRounds; ++round) {
    work.errors = work.frame.edge_errors(watts);
    work.data.errors.edge_j2 = work.errors.sum();
    work.data.errors.fluctuation = likely_fluctuation(work.data);
    work.fit = fit_attribution(work.data, work.rules.least_signal);
    watts = work.fit.watts;
  }
}

size_t block_intervals(const AttributionWork& work) {
  double longest = 0;
  for (const Phase& phase : work.request.phases) longest = std::max(longest, seconds(phase.b - phase.a));
  const auto count = static_cast<double>(work.data.intervals());
  const double interval = work.data.length_s() / count;
  const double length = std::max(std::cbrt(count), std::ceil(kPhasesABlock * longest / interval));
  const size_t most = std::max<size_t>(1, work.data.intervals() / kFewestBlocks);
  return static_cast<size_t>(std::clamp(length, 1.0, static_cast<double>(most)));
}

void count(const AttributionRequest& request, std::vector<LabelPower>& labels) {
  int64_t now = request.from;
  const auto add = [&labels](size_t label, int64_t ns) {
    if (ns <= 0) return;
    labels[label].seconds += seconds(ns);
    ++labels[label].occurrences;
  };
  for (const Phase& phase : request.phases) {
    add(request.labels, phase.a - now);
    add(phase.label, phase.b - phase.a);
    now = phase.b;
  }
  add(request.labels, request.to - now);
}

void set_values(const AttributionWork& work, Attribution& out) {
  out.labels.resize(work.frame.labels());
  count(work.request, out.labels);
  const std::vector<double> watts = work.label_watts(work.fit);
  const std::vector<double> through = work.data.column_seconds();
  for (size_t j = 0; j < out.labels.size(); ++j) {
    out.labels[j].watts = watts[j];
    out.labels[j].joules = watts[j] * through[j];
  }
  out.degrees = work.fit.degrees;
  out.signals = work.fit.signals;
  out.chance = work.fit.chance;
  out.block_intervals = block_intervals(work);
}

void set_status(const AttributionWork& work, Attribution& out) {
  const double mean_w = std::fabs(work.mean_w());
  const double most_w =
      work.counter.traits.max_power_w > 0 ? work.counter.traits.max_power_w : std::numeric_limits<double>::infinity();
  bool known = false;
  bool resolved = false;
  for (LabelPower& label : out.labels) {
    if (!(label.terms[static_cast<size_t>(AttributionTerm::kConfounded)] <= kMostConfounded * mean_w)) continue;
    const bool ok = label.uncertainty <= 0.5 * std::fabs(label.watts);
    label.status = ok ? AttributionStatus::kOk : AttributionStatus::kBelowResolution;
    known = true;
    resolved = resolved || ok;
    // No work takes power back, or more than there is.
    const bool possible = label.watts + label.uncertainty >= 0 && label.watts - label.uncertainty <= most_w;
    if (!possible && out.cause == Cause::kNone) out.cause = Cause::kInconsistent;
  }
  if (out.cause != Cause::kNone) {
    out.status = AttributionStatus::kSuspect;
  } else if (!known) {
    out.status = AttributionStatus::kNotIdentifiable;
  } else {
    out.status = resolved ? AttributionStatus::kOk : AttributionStatus::kBelowResolution;
  }
}

}  // namespace

Attribution attribute(const CounterView& counter, const AttributionRequest& request, const AttributionRules& rules) {
  Attribution out;
  out.total_j = out.total_uncertainty = kNone;
  out.cause = cause_within(counter, request);
  out.status = out.cause == Cause::kNone ? AttributionStatus::kNotIdentifiable : AttributionStatus::kSuspect;
  const AttributionFrame frame(counter, request);
  const std::vector<TimedEdge>& edges = frame.edges();
  if (voids_total(out.cause) || edges.size() < 2) return out;
  AttributionWork work{counter, request, rules, frame, frame.data(), {}, {}, frame.reported()};
  out.from = edges.front().at;
  out.to = edges.back().at;
  out.intervals = work.data.intervals();
  out.total_j = work.data.total_j();
  const std::vector<double> ends = frame.edge_errors(frame.level(work.mean_w())).sum();
  out.total_uncertainty = kNormal95 * std::sqrt(ends.front() + ends.back());
  if (out.intervals < frame.labels() + kSpareIntervals) return out;

  fit(work);
  set_values(work, out);
  set_uncertainties(work, out);
  const Matrix split = frame.split_by_predecessor();
  if (split.columns() > frame.labels()) {
    out.interaction = test_interaction(work.data, work.fit, split, rules.least_signal, out.block_intervals);
  }
  set_status(work, out);
  return out;
}

}  // namespace mj::energy
