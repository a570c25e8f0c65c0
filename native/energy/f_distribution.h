#pragma once

namespace mj::energy {

// Chance that F with these degrees of freedom exceeds f, for tests of one model within another.
double f_tail(double f, double degrees_between, double degrees_within) noexcept;

}  // namespace mj::energy
