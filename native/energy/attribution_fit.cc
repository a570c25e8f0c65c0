#include "energy/attribution_fit.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

namespace mj::energy {

namespace {

// An interval that a label has wholly or not at all says nothing about where its power differs from others' power.
constexpr double kConcerned = 1e-3;
constexpr double kBeyondChance = 2;
constexpr double kLeastScale = 1e-18;

// The intervals' own level taken out, what is left are contrasts: with shares a_j/L of the time and P the mean power,
//   y - P l = sum over j of (x_j - (a_j/L) l) d_j,   power = P + d_j,   sum of a_j d_j = 0.
// Columns are scaled so that 1 stands for the mean power in one interval, and so that no combination is the level
// again.
struct Contrasts {
  Matrix rows;       // intervals x (contrasts + 1), the last one what is left of the joules
  Matrix watts;      // columns x contrasts
  double power = 0;  // P
};

// Columns of an orthonormal basis of all that is at right angles to `direction`: those of a reflection but the first.
Matrix complement(std::vector<double> direction) {
  const size_t n = direction.size();
  double squares = 0;
  for (const double x : direction) squares += x * x;
  direction[0] += std::copysign(std::sqrt(squares), direction[0]);
  squares = 0;
  for (const double x : direction) squares += x * x;
  Matrix out(n, n - 1);
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 1; j < n; ++j) out(i, j - 1) = (i == j ? 1 : 0) - 2 * direction[i] * direction[j] / squares;
  }
  return out;
}

// Watts that a column's contrast stands for.
std::vector<double> scales(const AttributionData& data, double power) {
  std::vector<double> out;
  for (size_t j = 0; j < data.seconds.columns(); ++j) {
    size_t concerned = 0;
    for (size_t i = 0; i < data.intervals(); ++i) {
      const double share = data.seconds(i, j) / data.errors.length_s[i];
      if (share > kConcerned && share < 1 - kConcerned) ++concerned;
    }
    out.push_back(std::max(std::fabs(power), 1e-9) / std::sqrt(static_cast<double>(std::max<size_t>(1, concerned))));
  }
  return out;
}

Contrasts contrasts_of(const AttributionData& data) {
  const size_t columns = data.seconds.columns();
  const double length = data.length_s();
  const std::vector<double> seconds = data.column_seconds();
  Contrasts out;
  out.power = data.total_j() / length;
  const std::vector<double> scale = scales(data, out.power);
  std::vector<double> level(columns);
  for (size_t j = 0; j < data.labels; ++j) level[j] = 1 / scale[j];
  const Matrix basis = complement(level);
  out.watts = Matrix(columns, columns - 1);
  for (size_t i = 0; i < columns; ++i) {
    for (size_t j = 0; j + 1 < columns; ++j) out.watts(i, j) = scale[i] * basis(i, j);
  }
  out.rows = Matrix(data.intervals(), columns);
  for (size_t i = 0; i < data.intervals(); ++i) {
    const double interval = data.errors.length_s[i];
    for (size_t k = 0; k < columns; ++k) {
      const double excess = data.seconds(i, k) - seconds[k] / length * interval;
      for (size_t j = 0; j + 1 < columns; ++j) out.rows(i, j) += excess * out.watts(k, j);
    }
    out.rows(i, columns - 1) = data.joules[i] - out.power * interval;
  }
  return out;
}

// Least squares in the coordinates of singular vectors.
struct Solution {
  SingularValues svd;
  std::vector<double> along;  // the data along each left vector
  double squares = 0;         // of what no contrast explains
};

Solution solve(const Matrix& whitened) {
  const size_t contrasts = whitened.columns() - 1;
  const Matrix r = triangle_of(whitened);
  Matrix design(contrasts, contrasts);
  for (size_t i = 0; i < contrasts; ++i) std::copy(r.row(i), r.row(i) + contrasts, design.row(i));
  Solution out;
  out.svd = singular_values(design);
  out.along.resize(contrasts);
  for (size_t k = 0; k < contrasts; ++k) {
    for (size_t i = 0; i < contrasts; ++i) out.along[k] += out.svd.u(i, k) * r(i, contrasts);
  }
  out.squares = r(contrasts, contrasts) * r(contrasts, contrasts);
  return out;
}

// Squares that the errors of the edges' instants would give each contrast, were they errors of the design: where phases
// keep step with the counter they are all that there is.
std::vector<double> chance_squares(const AttributionData& data, const Whitener& whitener, const Matrix& directions) {
  const std::vector<double> weights = whitener.edge_weights();
  const std::vector<double> seconds = data.column_seconds();
  std::vector<double> out(directions.columns());
  for (size_t k = 0; k < out.size(); ++k) {
    double mean = 0;
    for (size_t j = 0; j < seconds.size(); ++j) mean += seconds[j] / data.length_s() * directions(j, k);
    for (size_t edge = 0; edge < weights.size(); ++edge) {
      double power = -mean;
      for (size_t j = 0; j < seconds.size(); ++j) power += data.share(edge, j) * directions(j, k);
      const double joules = data.timing_s[edge] * power;
      out[k] += weights[edge] * joules * joules;
    }
  }
  return out;
}

double degrees_of(const AttributionData& data, size_t shown) {
  return std::max(1.0, static_cast<double>(data.intervals()) - static_cast<double>(shown) - 1);
}

// weights' y = watts, for watts = C y' with y' = y - P l: the level P depends on y itself, and so does the constant
// that makes the labels' energies sum to the counter's.
Matrix weights_of(const AttributionData& data, const Matrix& contrast_weights) {
  const size_t columns = data.seconds.columns();
  const double length = data.length_s();
  const std::vector<double> seconds = data.column_seconds();
  std::vector<double> on_level(columns);
  for (size_t i = 0; i < data.intervals(); ++i) {
    for (size_t j = 0; j < columns; ++j) on_level[j] += contrast_weights(i, j) * data.errors.length_s[i] / length;
  }
  Matrix out(data.intervals(), columns);
  for (size_t i = 0; i < data.intervals(); ++i) {
    double energy = 0;
    for (size_t j = 0; j < columns; ++j) {
      out(i, j) = contrast_weights(i, j) - on_level[j];
      energy += seconds[j] * out(i, j);
    }
    for (size_t j = 0; j < data.labels; ++j) out(i, j) += (1 - energy) / length;
  }
  return out;
}

// Smallest value of f over [a, b] by golden sections.
double minimise(const std::function<double(double)>& f, double a, double b, int steps) {
  constexpr double kGolden = 0.618033988749895;
  double left = b - kGolden * (b - a);
  double right = a + kGolden * (b - a);
  double f_left = f(left);
  double f_right = f(right);
  for (int i = 0; i < steps; ++i) {
    if (f_left < f_right) {
      b = right;
      right = left;
      f_right = f_left;
      left = b - kGolden * (b - a);
      f_left = f(left);
    } else {
      a = left;
      left = right;
      f_left = f_right;
      right = a + kGolden * (b - a);
      f_right = f(right);
    }
  }
  return 0.5 * (a + b);
}

}  // namespace

double AttributionData::length_s() const {
  return std::accumulate(errors.length_s.begin(), errors.length_s.end(), 0.0);
}

double AttributionData::total_j() const { return std::accumulate(joules.begin(), joules.end(), 0.0); }

std::vector<double> AttributionData::column_seconds() const {
  std::vector<double> out(seconds.columns());
  for (size_t i = 0; i < seconds.rows(); ++i) {
    for (size_t j = 0; j < seconds.columns(); ++j) out[j] += seconds(i, j);
  }
  return out;
}

AttributionFit fit_attribution(const AttributionData& data, double least_signal, size_t at_least) {
  const size_t columns = data.seconds.columns();
  Contrasts contrasts = contrasts_of(data);
  const Whitener whitener(data.errors);
  whitener.whiten(contrasts.rows);
  const Solution solution = solve(contrasts.rows);
  const size_t count = columns - 1;

  // Noise is what no contrast explains at all, so that the ones left out do not raise it.
  AttributionFit fit;
  const double noise = std::sqrt(std::max(kLeastScale, solution.squares / degrees_of(data, count)));
  const Matrix directions = product(contrasts.watts, solution.svd.v);
  const std::vector<double> chance = chance_squares(data, whitener, directions);
  size_t shown = 0;
  for (size_t k = 0; k < count; ++k) {
    const double value = solution.svd.values[k];
    fit.signals.push_back(value / noise);
    fit.chance.push_back(std::sqrt(chance[k]) / noise);
    const bool clear = fit.signals[k] >= least_signal && value * value >= kBeyondChance * chance[k];
    if (shown == k && (clear || k < at_least)) ++shown;
  }
  fit.squares = solution.squares;
  for (size_t k = shown; k < count; ++k) fit.squares += solution.along[k] * solution.along[k];
  fit.degrees = degrees_of(data, shown);
  fit.scale = std::max(kLeastScale, fit.squares / fit.degrees);

  fit.shown = Matrix(columns, shown);
  fit.blind = Matrix(columns, count - shown);
  for (size_t k = 0; k < count; ++k) {
    Matrix& kind = k < shown ? fit.shown : fit.blind;
    double largest = 0;
    for (size_t j = 0; j < data.labels; ++j) largest = std::max(largest, std::fabs(directions(j, k)));
    for (size_t j = 0; j < columns; ++j) kind(j, k < shown ? k : k - shown) = directions(j, k) / largest;
  }

  // From whitened contrasts to watts: V S^-2 V', and the contrasts' own watts.
  Matrix to_watts(count, columns);
  for (size_t k = 0; k < shown; ++k) {
    for (size_t i = 0; i < count; ++i) {
      const double weight = solution.svd.v(i, k) / (solution.svd.values[k] * solution.svd.values[k]);
      for (size_t j = 0; j < columns; ++j) to_watts(i, j) += weight * directions(j, k);
    }
  }
  whitener.whiten_transposed(contrasts.rows);
  Matrix design(data.intervals(), count);
  for (size_t i = 0; i < data.intervals(); ++i) std::copy_n(contrasts.rows.row(i), count, design.row(i));
  fit.weights = weights_of(data, product(design, to_watts));

  fit.watts.assign(columns, 0.0);
  for (size_t i = 0; i < data.intervals(); ++i) {
    for (size_t j = 0; j < columns; ++j) fit.watts[j] += fit.weights(i, j) * data.joules[i];
  }
  for (size_t i = 0; i < data.intervals(); ++i) {
    double left = data.joules[i];
    for (size_t j = 0; j < columns; ++j) left -= data.seconds(i, j) * fit.watts[j];
    fit.residual_j.push_back(left);
  }
  return fit;
}

double likely_fluctuation(const AttributionData& data) {
  constexpr double kDecades = 4;  // either way of what weighs as much as the edges
  constexpr int kSteps = 16;
  const Contrasts contrasts = contrasts_of(data);
  IntervalErrors errors = data.errors;
  const double edges = std::accumulate(errors.edge_j2.begin(), errors.edge_j2.end(), 0.0);
  const double balance = std::log(edges / data.length_s());
  const auto cost = [&](double logarithm) {
    errors.fluctuation = std::exp(logarithm);
    const Whitener whitener(errors);
    Matrix rows = contrasts.rows;
    whitener.whiten(rows);
    const Solution solution = solve(rows);
    double log_information = 0;
    for (const double value : solution.svd.values) {
      log_information += 2 * std::log(std::max(value, 1e-12 * solution.svd.values.front()));
    }
    const double degrees = degrees_of(data, solution.svd.values.size());
    return degrees * std::log(std::max(kLeastScale, solution.squares)) + whitener.log_determinant() + log_information;
  };
  const double reach = kDecades * std::log(10.0);
  return std::exp(minimise(cost, balance - reach, balance + reach, kSteps));
}

}  // namespace mj::energy
