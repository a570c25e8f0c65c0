#pragma once

// Errors of the energies between adjacent edges of a counter. Two of them share an edge, which adds to the one what it
// takes from the other: a moving average of one lag, with a correlation of -0.5 where nothing else errs.
#include <cstddef>
#include <vector>

#include "energy/dense.h"

namespace mj::energy {

// Their covariance is, but for a common factor,
//   e_i + e_(i+1) + r l_i   on the diagonal,   -e_(i+1)   beside it,
// e: variance of what an edge gets wrong; l: length of the interval, over which power itself fluctuates; r: how much.
struct IntervalErrors {
  std::vector<double> edge_j2;   // one more than there are intervals
  std::vector<double> length_s;  // of the intervals
  double fluctuation = 0;        // r, J^2/s

  [[nodiscard]] size_t size() const noexcept { return length_s.size(); }
};

// Cholesky's factor F of that covariance, of the intervals from `first` on, as many as the matrices have rows.
class Whitener {
 public:
  Whitener(const IntervalErrors& errors, size_t first, size_t count);
  explicit Whitener(const IntervalErrors& errors) : Whitener(errors, 0, errors.size()) {}

  void whiten(Matrix& rows) const noexcept;             // rows <- F^-1 rows
  void whiten_transposed(Matrix& rows) const noexcept;  // rows <- F'^-1 rows
  // How much a change of each edge's energy, given to one interval and taken from the next, stands out: 1/J^2.
  [[nodiscard]] std::vector<double> edge_weights() const;
  [[nodiscard]] double log_determinant() const noexcept { return log_determinant_; }

 private:
  std::vector<double> diagonal_;
  std::vector<double> below_;
  double log_determinant_ = 0;
};

}  // namespace mj::energy
