#include "energy/interval_errors.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace mj::energy {

Whitener::Whitener(const IntervalErrors& errors, size_t first, size_t count) : diagonal_(count), below_(count) {
  double left = 0;  // what is left of the variance of this interval, given those before it
  for (size_t i = 0; i < count; ++i) {
    const size_t at = first + i;
    const double variance = errors.edge_j2[at] + errors.edge_j2[at + 1] + errors.fluctuation * errors.length_s[at];
    left = variance;
    if (i > 0) {
      below_[i] = -errors.edge_j2[at] / diagonal_[i - 1];
      left -= below_[i] * below_[i];
    }
    diagonal_[i] = std::sqrt(std::max(left, variance * std::numeric_limits<double>::epsilon()));
    log_determinant_ += 2 * std::log(diagonal_[i]);
  }
}

void Whitener::whiten(Matrix& rows) const noexcept {
  for (size_t i = 0; i < rows.rows(); ++i) {
    for (size_t j = 0; j < rows.columns(); ++j) {
      if (i > 0) rows(i, j) -= below_[i] * rows(i - 1, j);
      rows(i, j) /= diagonal_[i];
    }
  }
}

void Whitener::whiten_transposed(Matrix& rows) const noexcept {
  for (size_t i = rows.rows(); i-- > 0;) {
    for (size_t j = 0; j < rows.columns(); ++j) {
      if (i + 1 < rows.rows()) rows(i, j) -= below_[i + 1] * rows(i + 1, j);
      rows(i, j) /= diagonal_[i];
    }
  }
}

// The inverse of a tridiagonal matrix on its diagonal and beside it, from Cholesky's factor (Takahashi 1973).
std::vector<double> Whitener::edge_weights() const {
  const size_t count = diagonal_.size();
  std::vector<double> out(count + 1);
  double after = 0;  // of the interval after this one
  for (size_t i = count; i-- > 0;) {
    const double factor = i + 1 < count ? below_[i + 1] / diagonal_[i] : 0;
    const double here = 1 / (diagonal_[i] * diagonal_[i]) + factor * factor * after;
    out[i + 1] += here + 2 * factor * after;
    out[i] += here;
    after = here;
  }
  return out;
}

}  // namespace mj::energy
