#pragma once

// Powers of labels from a counter's intervals: generalised least squares that keeps the counter's total.
#include <vector>

#include "energy/interval_errors.h"

namespace mj::energy {

struct AttributionData {
  Matrix seconds;     // intervals x columns: what the sensor let through of each column's time
  size_t labels = 0;  // the first columns; they sum to an interval's length. Further ones: power states, as offsets
  std::vector<double> joules;
  IntervalErrors errors;
  Matrix share;                  // edges x columns: a column's part in what the sensor shows at the edge
  std::vector<double> timing_s;  // of the edges

  [[nodiscard]] size_t intervals() const noexcept { return joules.size(); }
  [[nodiscard]] double length_s() const;
  [[nodiscard]] double total_j() const;
  [[nodiscard]] std::vector<double> column_seconds() const;
};

struct AttributionFit {
  std::vector<double> watts;  // of the columns; over the labels' seconds they sum to the counter's total
  Matrix weights;             // intervals x columns: watts are these times the intervals' joules
  std::vector<double> residual_j;
  double squares = 0;  // of the whitened residuals
  double scale = 0;    // of the covariance: `squares` over `degrees`
  double degrees = 0;
  // Singular values of the whitened design, descending: what the counter's intervals show, over their noise and as a
  // root mean square over the intervals concerned, of contrasts of the mean power.
  std::vector<double> signals;
  std::vector<double> chance;  // the part of each that errors of the edges' instants alone make
  Matrix shown;                // columns x directions, W: contrasts that the design shows,
  Matrix blind;                // and those that it does not: none of these enters `watts`. The largest of a label is 1
};

// Contrasts with a signal of less than `least_signal`, or of which more than half (of the squares) may be chance, are
// left out: they would be guessed from noise. But so many are kept in any case.
AttributionFit fit_attribution(const AttributionData& data, double least_signal, size_t at_least = 0);

// The fluctuation of power, J^2/s, that makes the intervals most likely (restricted maximum likelihood).
double likely_fluctuation(const AttributionData& data);

}  // namespace mj::energy
