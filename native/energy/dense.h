#pragma once

// Dense linear algebra for least squares with a few columns: some dozens at most, any number of rows.
#include <cstddef>
#include <vector>

namespace mj::energy {

class Matrix {
 public:
  Matrix() = default;
  Matrix(size_t rows, size_t columns, double value = 0)
      : rows_(rows), columns_(columns), values_(rows * columns, value) {}

  [[nodiscard]] size_t rows() const noexcept { return rows_; }
  [[nodiscard]] size_t columns() const noexcept { return columns_; }
  double& operator()(size_t i, size_t j) noexcept { return values_[i * columns_ + j]; }
  double operator()(size_t i, size_t j) const noexcept { return values_[i * columns_ + j]; }
  double* row(size_t i) noexcept { return values_.data() + i * columns_; }
  [[nodiscard]] const double* row(size_t i) const noexcept { return values_.data() + i * columns_; }

 private:
  size_t rows_ = 0;
  size_t columns_ = 0;
  std::vector<double> values_;  // row by row
};

Matrix product(const Matrix& a, const Matrix& b);
Matrix transposed(const Matrix& a);

// R of a = Q R by Householder's reflections: an upper triangle, columns x columns.
Matrix triangle_of(Matrix a);

// a = u diag(values) v' by one-sided Jacobi rotations; the values descend. Needs no fewer rows than columns.
struct SingularValues {
  Matrix u;
  std::vector<double> values;
  Matrix v;
};
SingularValues singular_values(const Matrix& a);

// Replaces b by the solution of a x = b, a symmetric, by Cholesky's factors. False where a is not positive definite.
bool solve_positive(Matrix a, std::vector<double>& b);

}  // namespace mj::energy
