#pragma once

// One counter as the probe found it.
#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "energy/source.h"

namespace mj::energy {

constexpr double kNotSeen = std::numeric_limits<double>::quiet_NaN();

struct ProbedCounter {
  std::string id;
  std::string family;
  std::string method;
  Scope scope = Scope::kBoard;
  ReadingKind kind = ReadingKind::kEnergyCounter;
  double resolution = kNotSeen;        // J or W; NaN: unknown
  double update_period_ns = kNotSeen;  // NaN: not seen
  std::vector<double> call_ns;         // one a call, empty where not timed
  Status unsupported;
};

inline double median(std::vector<double> values) {
  if (values.empty()) return kNotSeen;
  const auto middle = values.begin() + static_cast<ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace mj::energy
