#pragma once

// Values to try, for a search by trial.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace mj::energy {

// From `lo` to `hi`, each `step` more than the one before.
inline std::vector<double> even_steps(double lo, double hi, double step) {
  std::vector<double> out(static_cast<size_t>(std::max(0.0, std::floor((hi - lo) / step))) + 1);
  for (size_t i = 0; i < out.size(); ++i) out[i] = lo + step * static_cast<double>(i);
  return out;
}

// Each `ratio` times the one before; `lo` is above 0.
inline std::vector<double> geometric_steps(double lo, double hi, double ratio) {
  std::vector<double> out = even_steps(std::log(lo), std::log(hi), std::log(ratio));
  for (double& value : out) value = std::exp(value);
  return out;
}

}  // namespace mj::energy
