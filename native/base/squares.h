#pragma once

#include <cmath>

namespace mj {

inline double square(double value) noexcept { return value * value; }

// Not std::hypot: glibc 2.35 has a new version of it, which Red Hat 9 lacks.
inline double root_sum_square(double a, double b) noexcept { return std::sqrt(a * a + b * b); }

}  // namespace mj
