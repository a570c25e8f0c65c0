#include "energy/dense.h"

#include <cmath>

#include "energy/f_distribution.h"
#include "energy/interval_errors.h"
#include "test/check.h"
#include "test/counter_sim.h"

namespace {

using namespace mj::energy;
using mj::test::Random;

Matrix random_matrix(size_t rows, size_t columns, uint64_t seed) {
  Random random(seed);
  Matrix out(rows, columns);
  for (size_t i = 0; i < rows; ++i) {
    for (size_t j = 0; j < columns; ++j) out(i, j) = random.normal();
  }
  return out;
}

double distance(const Matrix& a, const Matrix& b) {
  double most = 0;
  for (size_t i = 0; i < a.rows(); ++i) {
    for (size_t j = 0; j < a.columns(); ++j) most = std::max(most, std::fabs(a(i, j) - b(i, j)));
  }
  return most;
}

Matrix identity(size_t n) {
  Matrix out(n, n);
  for (size_t i = 0; i < n; ++i) out(i, i) = 1;
  return out;
}

TEST("dense: the triangle of a matrix has its products, and nothing below the diagonal") {
  for (const size_t rows : {3, 17, 400}) {
    const Matrix a = random_matrix(rows, 3, rows);
    const Matrix r = triangle_of(a);
    CHECK(distance(product(transposed(r), r), product(transposed(a), a)) < 1e-11);
    for (size_t i = 1; i < r.rows(); ++i) {
      for (size_t j = 0; j < i; ++j) CHECK_EQ(r(i, j), 0.0);
    }
  }
  const Matrix zero = triangle_of(Matrix(5, 2));
  CHECK_EQ(zero(0, 0), 0.0);
}

TEST("dense: singular values and vectors make the matrix again") {
  const Matrix a = random_matrix(6, 6, 1);
  const SingularValues svd = singular_values(a);
  CHECK(distance(product(transposed(svd.u), svd.u), identity(6)) < 1e-12);
  CHECK(distance(product(transposed(svd.v), svd.v), identity(6)) < 1e-12);
  Matrix scaled = svd.u;
  for (size_t i = 0; i < 6; ++i) {
    for (size_t j = 0; j < 6; ++j) scaled(i, j) *= svd.values[j];
  }
  CHECK(distance(product(scaled, transposed(svd.v)), a) < 1e-12);
  for (size_t j = 1; j < 6; ++j) CHECK(svd.values[j] <= svd.values[j - 1]);
}

TEST("dense: the singular values of Hilbert's matrix, whose condition is 4.8e5, to many digits") {
  Matrix hilbert(5, 5);
  for (size_t i = 0; i < 5; ++i) {
    for (size_t j = 0; j < 5; ++j) hilbert(i, j) = 1.0 / static_cast<double>(i + j + 1);
  }
  const auto values = singular_values(hilbert).values;
  CHECK_NEAR(values[0], 1.567050691098231, 1e-13);
  CHECK_NEAR(values[4], 3.287928772171e-6, 1e-15);
}

TEST("dense: a column twice has a singular value of 0") {
  Matrix a = random_matrix(50, 3, 2);
  for (size_t i = 0; i < 50; ++i) a(i, 2) = a(i, 0);
  CHECK(singular_values(triangle_of(a)).values[2] < 1e-13);
}

TEST("dense: Cholesky solves what is positive definite and refuses the rest") {
  const Matrix a = random_matrix(20, 4, 3);
  const Matrix square = product(transposed(a), a);
  std::vector<double> x = {1, -2, 3, 0.5};
  std::vector<double> b(4);
  for (size_t i = 0; i < 4; ++i) {
    for (size_t j = 0; j < 4; ++j) b[i] += square(i, j) * x[j];
  }
  CHECK(solve_positive(square, b));
  for (size_t i = 0; i < 4; ++i) CHECK_NEAR(b[i], x[i], 1e-12);
  Matrix saddle = identity(2);
  saddle(1, 1) = -1;
  b = {1, 1};
  CHECK(!solve_positive(saddle, b));
}

// Tables of the F distribution (NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.3).
TEST("F distribution: points of tables") {
  CHECK_NEAR(f_tail(161.4476, 1, 1), 0.05, 1e-6);
  CHECK_NEAR(f_tail(4.9646, 1, 10), 0.05, 1e-5);
  CHECK_NEAR(f_tail(2.7109, 5, 20), 0.05, 1e-5);
  CHECK_NEAR(f_tail(10.0443, 1, 10), 0.01, 1e-5);
  CHECK_NEAR(f_tail(3.0718, 2, 120), 0.05, 1e-5);
  CHECK_NEAR(f_tail(1, 7, 7), 0.5, 1e-12);
  CHECK_EQ(f_tail(0, 3, 5), 1.0);
  // One degree of freedom between: the square of Student's t, whose 97.5 % point for 30 000 is 1.96003.
  CHECK_NEAR(f_tail(1.96003 * 1.96003, 1, 30'000), 0.05, 1e-5);
}

TEST("interval errors: what is whitened has the covariance of independent errors") {
  IntervalErrors errors;
  errors.edge_j2 = {1, 2, 0.5, 3, 1, 4};
  errors.length_s = {0.1, 0.2, 0.1, 0.1, 0.3};
  errors.fluctuation = 3;
  Matrix covariance(5, 5);
  for (size_t i = 0; i < 5; ++i) {
    covariance(i, i) = errors.edge_j2[i] + errors.edge_j2[i + 1] + 3 * errors.length_s[i];
    if (i > 0) covariance(i, i - 1) = covariance(i - 1, i) = -errors.edge_j2[i];
  }
  const Whitener whitener(errors);
  Matrix once = covariance;
  whitener.whiten(once);
  Matrix twice = transposed(once);
  whitener.whiten(twice);
  CHECK(distance(twice, identity(5)) < 1e-12);
  // And both halves together are its inverse.
  Matrix inverse = identity(5);
  whitener.whiten(inverse);
  whitener.whiten_transposed(inverse);
  CHECK(distance(product(inverse, covariance), identity(5)) < 1e-12);
  // The determinant by the recurrence of tridiagonal matrices.
  double before = 1;
  double now = covariance(0, 0);
  for (size_t i = 1; i < 5; ++i) {
    const double next = covariance(i, i) * now - covariance(i, i - 1) * covariance(i, i - 1) * before;
    before = now;
    now = next;
  }
  CHECK_NEAR(whitener.log_determinant(), std::log(now), 1e-12);
}

}  // namespace
