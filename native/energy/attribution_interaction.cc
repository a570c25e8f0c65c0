#include "energy/attribution_interaction.h"

#include <algorithm>
#include <cmath>

#include "energy/attribution_blocks.h"
#include "energy/f_distribution.h"

namespace mj::energy {

namespace {

constexpr double kDependent = 1e-6;  // of a column's length: what is left of it beside those before it
constexpr double kConcerned = 1e-3;
// Columns that a test may use, of the blocks or intervals that there are.
constexpr size_t kMostColumns = 16;
constexpr size_t kBlocksAColumn = 4;

using Column = std::vector<double>;

double dot(const Column& a, const Column& b) noexcept {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

// Takes from `column` what lies along the others, twice: once is not exact (Kahan and Parlett). Gives what length is
// left.
double leave_out(const std::vector<Column>& others, Column& column) {
  for (int pass = 0; pass < 2; ++pass) {
    for (const Column& other : others) {
      const double along = dot(other, column);
      for (size_t i = 0; i < column.size(); ++i) column[i] -= along * other[i];
    }
  }
  return std::sqrt(dot(column, column));
}

void scale(Column& column, double factor) noexcept {
  for (double& value : column) value *= factor;
}

std::vector<Column> columns_of(const Matrix& rows) {
  std::vector<Column> out(rows.columns(), Column(rows.rows()));
  for (size_t i = 0; i < rows.rows(); ++i) {
    for (size_t j = 0; j < rows.columns(); ++j) out[j][i] = rows(i, j);
  }
  return out;
}

size_t intervals_concerned(const Matrix& split, size_t column, const std::vector<double>& length_s) {
  size_t count = 0;
  for (size_t i = 0; i < split.rows(); ++i) {
    if (split(i, column) > kConcerned * length_s[i]) ++count;
  }
  return std::max<size_t>(1, count);
}

}  // namespace

InteractionTest test_interaction(const AttributionData& data, const AttributionFit& fit, const Matrix& split,
                                 double least_signal, size_t block_intervals) {
  const Whitener whitener(data.errors);
  Matrix design = product(data.seconds, fit.shown);
  // The level belongs to what is known: the intervals' lengths.
  Matrix known(data.intervals(), design.columns() + 2);
  for (size_t i = 0; i < data.intervals(); ++i) {
    std::copy_n(design.row(i), design.columns(), known.row(i));
    known(i, design.columns()) = data.errors.length_s[i];
    known(i, design.columns() + 1) = data.joules[i];
  }
  whitener.whiten(known);
  Matrix extra = split;
  whitener.whiten(extra);

  std::vector<Column> basis;
  std::vector<Column> columns = columns_of(known);
  Column left = columns.back();
  columns.pop_back();
  for (Column& column : columns) {
    const double before = std::sqrt(dot(column, column));
    const double length = leave_out(basis, column);
    if (!(length > kDependent * before)) continue;
    scale(column, 1 / length);
    basis.push_back(column);
  }
  leave_out(basis, left);

  const Blocks blocks(data.intervals(), block_intervals);
  const size_t room = std::min(kMostColumns, blocks.count / kBlocksAColumn);
  const double mean_w = std::fabs(data.total_j() / data.length_s());
  const size_t first = basis.size();
  std::vector<Column> candidates = columns_of(extra);
  for (size_t j = 0; j < candidates.size() && basis.size() - first < room; ++j) {
    const double length = leave_out(basis, candidates[j]);
    const double concerned = static_cast<double>(intervals_concerned(split, j, data.errors.length_s));
    if (!(length * mean_w / std::sqrt(concerned * fit.scale) >= least_signal)) continue;
    scale(candidates[j], 1 / length);
    basis.push_back(candidates[j]);
  }
  const size_t between = basis.size() - first;
  const double within = static_cast<double>(data.intervals()) - static_cast<double>(basis.size());
  if (between == 0 || within < 1) return {};

  // The model's test: squares along the new columns against those that are left.
  const double squares = dot(left, left);
  std::vector<double> score(between);
  double explained = 0;
  for (size_t k = 0; k < between; ++k) {
    score[k] = dot(basis[first + k], left);
    explained += score[k] * score[k];
  }
  const auto degrees = static_cast<double>(between);
  const double by_model = f_tail(explained / degrees / ((squares - explained) / within), degrees, within);

  // The blocks' test: the sum of their scores against how much they scatter.
  Matrix scatter(between, between);
  std::vector<double> part(between);
  for (size_t b = 0; b < blocks.count; ++b) {
    std::fill(part.begin(), part.end(), 0.0);
    for (size_t i = blocks.begin(b); i < blocks.begin(b + 1); ++i) {
      for (size_t k = 0; k < between; ++k) part[k] += basis[first + k][i] * left[i];
    }
    for (size_t k = 0; k < between; ++k) {
      for (size_t m = 0; m < between; ++m) scatter(k, m) += part[k] * part[m];
    }
  }
  std::vector<double> solved = score;
  double by_blocks = by_model;
  if (solve_positive(scatter, solved)) {
    // Scores that sum to something scatter less about their mean: Hotelling's statistic from the raw sums.
    const auto count = static_cast<double>(blocks.count);
    double raw = 0;
    for (size_t k = 0; k < between; ++k) raw += score[k] * solved[k];
    const double share = std::min(raw / count, 1 - 1e-12);
    by_blocks = f_tail(share / (1 - share) * (count - degrees) / degrees, degrees, count - degrees);
  }
  return {between, within, std::max(by_model, by_blocks)};
}

}  // namespace mj::energy
