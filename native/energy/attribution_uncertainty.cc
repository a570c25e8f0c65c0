#include "energy/attribution_uncertainty.h"

#include <algorithm>
#include <cmath>

#include "base/squares.h"
#include "energy/attribution_blocks.h"
#include "energy/window_bounds.h"
#include "energy/window_idle.h"

namespace mj::energy {

namespace {

constexpr double kNormal95 = 1.96;
constexpr double kRectangle = 0.577350269189626;  // standard deviation over half-width
// Another time constant of the sensor fits better by more than chance: three standard deviations.
constexpr double kFitsBetter = 9;
// [assumed] The time within which an edge may lie is known so well: brackets are not quite rectangles, nor quite
// independent.
constexpr double kTimingU = 0.05;

double& term(LabelPower& label, AttributionTerm which) noexcept { return label.terms[static_cast<size_t>(which)]; }

void add_in_squares(double& half_width, double more) noexcept {
  half_width = std::sqrt(square(half_width) + square(more));
}

// Of the powers, from the errors that the model supposes; half-widths of its parts go to the labels.
Matrix model_covariance(const AttributionWork& work, Attribution& out) {
  const size_t labels = out.labels.size();
  const size_t intervals = work.data.intervals();
  const Matrix weights = product(work.fit.weights, work.reported);
  const double factor = work.fit.scale * square(student_t95(static_cast<int>(work.fit.degrees)) / kNormal95);
  Matrix covariance(labels, labels);
  const auto add = [&](AttributionTerm which, const std::vector<double>& of_row, double variance) {
    for (size_t i = 0; i < labels; ++i) {
      for (size_t j = 0; j < labels; ++j) covariance(i, j) += factor * variance * of_row[i] * of_row[j];
      term(out.labels[i], which) += factor * variance * of_row[i] * of_row[i];
    }
  };
  std::vector<double> row(labels);
  for (size_t k = 0; k <= intervals; ++k) {
    // What an edge gives to the interval before it, it takes from the one after it.
    for (size_t j = 0; j < labels; ++j) {
      row[j] = (k > 0 ? weights(k - 1, j) : 0) - (k < intervals ? weights(k, j) : 0);
    }
    add(AttributionTerm::kEdgeTiming, row, work.errors.timing[k]);
    add(AttributionTerm::kAccumulation, row, work.errors.displacement[k]);
    add(AttributionTerm::kQuantum, row, work.errors.quantum);
    if (k == intervals) break;
    std::copy_n(weights.row(k), labels, row.begin());
    add(AttributionTerm::kRepeats, row, work.data.errors.fluctuation * work.data.errors.length_s[k]);
  }
  for (LabelPower& label : out.labels) {
    for (double& variance : label.terms) variance = kNormal95 * std::sqrt(variance);
  }
  return covariance;
}

// The half-width about `watts` that holds 95 % of the replicates; 0 where there are none.
double spread_of(const Matrix& replicates, size_t label, double watts) {
  std::vector<double> deviations;
  for (size_t i = 0; i < replicates.rows(); ++i) {
    const double deviation = std::fabs(replicates(i, label) - watts);
    if (std::isfinite(deviation)) deviations.push_back(deviation);
  }
  if (deviations.empty()) return 0;
  const auto at = deviations.begin() + static_cast<ptrdiff_t>(0.95 * static_cast<double>(deviations.size()));
  std::nth_element(deviations.begin(), at, deviations.end());
  return *at;
}

// Few blocks, or few occurrences, know little of their own scatter: Student's t over a normal distribution, and n over
// n - 1.
double few(size_t count) noexcept {
  const auto n = static_cast<double>(std::max<size_t>(2, count));
  return student_t95(static_cast<int>(n) - 1) / kNormal95 * std::sqrt(n / (n - 1));
}

// The wider of the model's interval and the bootstrap's, label by label.
Matrix widened(const AttributionWork& work, const Matrix& model, Attribution& out) {
  const size_t labels = out.labels.size();
  const Matrix replicates = product(
      bootstrap_watts(work.data, work.fit, out.block_intervals, work.rules.replicates, work.rules.seed), work.reported);
  const Blocks blocks(work.data.intervals(), out.block_intervals);
  std::vector<double> factor(labels, 1.0);
  for (size_t j = 0; j < labels; ++j) {
    const double own = kNormal95 * std::sqrt(model(j, j));
    const double wide =
        few(std::min(blocks.count, out.labels[j].occurrences)) * spread_of(replicates, j, out.labels[j].watts);
    if (!(own > 0) || !(wide > own)) continue;
    factor[j] = wide / own;
    add_in_squares(term(out.labels[j], AttributionTerm::kRepeats), std::sqrt(square(wide) - square(own)));
  }
  Matrix covariance(labels, labels);
  for (size_t i = 0; i < labels; ++i) {
    for (size_t j = 0; j < labels; ++j) covariance(i, j) = model(i, j) * factor[i] * factor[j];
  }
  return covariance;
}

AttributionFit fit_supposing(const AttributionWork& work, const AttributionFrame::Supposed& supposed) {
  AttributionData data = work.frame.data(supposed);
  data.errors.edge_j2 = work.data.errors.edge_j2;
  data.errors.fluctuation = work.data.errors.fluctuation;
  return fit_attribution(data, work.rules.least_signal, work.fit.shown.columns());
}

// What hangs on a supposition moves all labels at once: half of the way between two of them is a standard uncertainty.
void add_supposition(const AttributionWork& work, AttributionTerm which, const AttributionFrame::Supposed& one,
                     const AttributionFrame::Supposed& other, Attribution& out) {
  const std::vector<double> low = work.label_watts(fit_supposing(work, one));
  const std::vector<double> high = work.label_watts(fit_supposing(work, other));
  for (size_t i = 0; i < low.size(); ++i) {
    for (size_t j = 0; j < low.size(); ++j) {
      out.covariance(i, j) += 0.25 * (high[i] - low[i]) * (high[j] - low[j]);
    }
    add_in_squares(term(out.labels[i], which), kNormal95 * 0.5 * std::fabs(high[i] - low[i]));
  }
}

// How far the time constant may be off, as a part of it: the intervals themselves may say that it is more.
double sensor_u(const AttributionWork& work) {
  double best = work.fit.squares - kFitsBetter * work.fit.scale;
  double off = work.counter.traits.sensor_u;
  for (const double sensor : {0.0, 0.25, 0.5, 0.75, 1.33, 1.67, 2.0}) {
    const double squares = fit_supposing(work, {sensor, 1, 0}).squares;
    if (squares >= best) continue;
    best = squares;
    off = std::fabs(sensor - 1);
  }
  return off;
}

void add_suppositions(const AttributionWork& work, Attribution& out) {
  if (work.frame.sensor_s() > 0) {
    out.sensor_u = sensor_u(work);
    out.sensor_doubted = out.sensor_u > work.counter.traits.sensor_u;
    add_supposition(work, AttributionTerm::kKernel, {1 - out.sensor_u, 1, 0}, {1 + out.sensor_u, 1, 0}, out);
  }
  add_supposition(work, AttributionTerm::kEdgeTiming, {1, 1 - kTimingU, 0}, {1, 1 + kTimingU, 0}, out);
  const double common_s = work.frame.common_s();
  if (common_s > 0) add_supposition(work, AttributionTerm::kEdgeTiming, {1, 1, -common_s}, {1, 1, common_s}, out);
  const double delay_s = kRectangle * seconds(work.counter.traits.counter_delay_ns);
  if (delay_s > 0) add_supposition(work, AttributionTerm::kMarkDelay, {1, 1, -delay_s}, {1, 1, delay_s}, out);
}

// How far a label's power may lie from the value given along what the design does not show, if powers lie within the
// mean power of the mean power.
double confounded_w(const AttributionWork& work, size_t label) {
  const std::vector<double> through = work.data.column_seconds();
  double sum = 0;
  for (size_t k = 0; k < work.fit.blind.columns(); ++k) {
    double mean = 0;
    double own = 0;
    for (size_t j = 0; j < through.size(); ++j) {
      mean += through[j] / work.data.length_s() * work.fit.blind(j, k);
      own += work.reported(j, label) * work.fit.blind(j, k);
    }
    sum += std::fabs(work.mean_w() * (own - mean));
  }
  return sum;
}

// Rectangular terms of one label that are correlated with no other label's.
void add_own_terms(const AttributionWork& work, Attribution& out) {
  const CounterTraits& traits = work.counter.traits;
  for (size_t j = 0; j < out.labels.size(); ++j) {
    LabelPower& label = out.labels[j];
    const auto add = [&](AttributionTerm which, double half_width) {
      out.covariance(j, j) += square(kRectangle * half_width);
      add_in_squares(term(label, which), kNormal95 * kRectangle * half_width);
    };
    add(AttributionTerm::kConfounded, confounded_w(work, j));
    if (label.occurrences == 0 || !(label.seconds > 0)) continue;
    const double length_s = label.seconds / static_cast<double>(label.occurrences);
    const double step_w = std::fabs(label.watts - work.mean_w());
    // The device's work begins and ends some time after the marks, at both ends and alike for all occurrences.
    add(AttributionTerm::kMarkDelay, std::min(1.0, std::sqrt(2.0) * seconds(traits.mark_delay_ns) / length_s) * step_w);
    if (!(traits.phase_sensitivity > 0) || traits.phase_reach_ns <= 0) continue;
    const double sensitivity = traits.phase_sensitivity / (1 + length_s / seconds(traits.phase_reach_ns));
    add(AttributionTerm::kPhase, sensitivity * step_w / std::sqrt(static_cast<double>(label.occurrences)));
  }
}

}  // namespace

std::vector<double> AttributionWork::label_watts(const AttributionFit& of) const {
  std::vector<double> out(reported.columns());
  for (size_t j = 0; j < out.size(); ++j) {
    for (size_t k = 0; k < reported.rows(); ++k) out[j] += reported(k, j) * of.watts[k];
  }
  return out;
}

void set_uncertainties(const AttributionWork& work, Attribution& out) {
  out.covariance = widened(work, model_covariance(work, out), out);
  add_suppositions(work, out);
  add_own_terms(work, out);
  for (size_t j = 0; j < out.labels.size(); ++j) {
    out.labels[j].uncertainty = kNormal95 * std::sqrt(out.covariance(j, j));
  }
}

}  // namespace mj::energy
