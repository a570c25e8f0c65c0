#include "energy/dense.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace mj::energy {

Matrix product(const Matrix& a, const Matrix& b) {
  Matrix out(a.rows(), b.columns());
  for (size_t i = 0; i < a.rows(); ++i) {
    for (size_t k = 0; k < a.columns(); ++k) {
      for (size_t j = 0; j < b.columns(); ++j) out(i, j) += a(i, k) * b(k, j);
    }
  }
  return out;
}

Matrix transposed(const Matrix& a) {
  Matrix out(a.columns(), a.rows());
  for (size_t i = 0; i < a.rows(); ++i) {
    for (size_t j = 0; j < a.columns(); ++j) out(j, i) = a(i, j);
  }
  return out;
}

// Golub and Van Loan, Matrix Computations, algorithm 5.2.1; the reflected vectors are not kept.
Matrix triangle_of(Matrix a) {
  const size_t columns = a.columns();
  std::vector<double> along(columns);
  for (size_t k = 0; k < std::min(a.rows(), columns); ++k) {
    double squares = 0;
    for (size_t i = k; i < a.rows(); ++i) squares += a(i, k) * a(i, k);
    if (!(squares > 0)) continue;
    const double alpha = a(k, k) > 0 ? -std::sqrt(squares) : std::sqrt(squares);
    a(k, k) -= alpha;
    const double scale = 1 / (squares - alpha * (a(k, k) + alpha));  // 2 over the squared length of the vector
    std::fill(along.begin(), along.end(), 0.0);
    for (size_t i = k; i < a.rows(); ++i) {
      for (size_t j = k + 1; j < columns; ++j) along[j] += a(i, k) * a(i, j);
    }
    for (size_t i = k; i < a.rows(); ++i) {
      for (size_t j = k + 1; j < columns; ++j) a(i, j) -= scale * along[j] * a(i, k);
    }
    a(k, k) = alpha;
  }
  Matrix r(columns, columns);
  for (size_t i = 0; i < std::min(a.rows(), columns); ++i) std::copy(a.row(i) + i, a.row(i) + columns, r.row(i) + i);
  return r;
}

// Hestenes 1958: rotations of pairs of columns until all are at right angles.
SingularValues singular_values(const Matrix& a) {
  constexpr int kMostSweeps = 60;
  const double tolerance = 8 * std::numeric_limits<double>::epsilon();
  const size_t n = a.columns();
  Matrix w = a;
  Matrix v(n, n);
  for (size_t i = 0; i < n; ++i) v(i, i) = 1;
  bool turned = true;
  for (int sweep = 0; turned && sweep < kMostSweeps; ++sweep) {
    turned = false;
    for (size_t p = 0; p + 1 < n; ++p) {
      for (size_t q = p + 1; q < n; ++q) {
        double pp = 0;
        double qq = 0;
        double pq = 0;
        for (size_t i = 0; i < w.rows(); ++i) {
          pp += w(i, p) * w(i, p);
          qq += w(i, q) * w(i, q);
          pq += w(i, p) * w(i, q);
        }
        if (std::fabs(pq) <= tolerance * std::sqrt(pp * qq)) continue;
        turned = true;
        const double zeta = (qq - pp) / (2 * pq);
        const double t = (zeta >= 0 ? 1 : -1) / (std::fabs(zeta) + std::sqrt(1 + zeta * zeta));
        const double c = 1 / std::sqrt(1 + t * t);
        for (Matrix* m : {&w, &v}) {
          for (size_t i = 0; i < m->rows(); ++i) {
            const double x = (*m)(i, p);
            (*m)(i, p) = c * (x - t * (*m)(i, q));
            (*m)(i, q) = c * (t * x + (*m)(i, q));
          }
        }
      }
    }
  }
  std::vector<double> lengths(n);
  for (size_t j = 0; j < n; ++j) {
    for (size_t i = 0; i < w.rows(); ++i) lengths[j] += w(i, j) * w(i, j);
    lengths[j] = std::sqrt(lengths[j]);
  }
  std::vector<size_t> order(n);
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t x, size_t y) { return lengths[x] > lengths[y]; });
  SingularValues out{Matrix(w.rows(), n), {}, Matrix(n, n)};
  for (size_t j = 0; j < n; ++j) {
    const double length = lengths[order[j]];
    out.values.push_back(length);
    for (size_t i = 0; i < w.rows(); ++i) out.u(i, j) = length > 0 ? w(i, order[j]) / length : 0;
    for (size_t i = 0; i < n; ++i) out.v(i, j) = v(i, order[j]);
  }
  return out;
}

bool solve_positive(Matrix a, std::vector<double>& b) {
  const size_t n = a.rows();
  for (size_t j = 0; j < n; ++j) {
    for (size_t k = 0; k < j; ++k) a(j, j) -= a(j, k) * a(j, k);
    if (!(a(j, j) > 0)) return false;
    a(j, j) = std::sqrt(a(j, j));
    for (size_t i = j + 1; i < n; ++i) {
      for (size_t k = 0; k < j; ++k) a(i, j) -= a(i, k) * a(j, k);
      a(i, j) /= a(j, j);
    }
  }
  for (size_t i = 0; i < n; ++i) {
    for (size_t k = 0; k < i; ++k) b[i] -= a(i, k) * b[k];
    b[i] /= a(i, i);
  }
  for (size_t i = n; i-- > 0;) {
    for (size_t k = i + 1; k < n; ++k) b[i] -= a(k, i) * b[k];
    b[i] /= a(i, i);
  }
  return true;
}

}  // namespace mj::energy
