#include "energy/calibration.h"
#include "test/check.h"
#include "test/h100_trace.h"

namespace {

using namespace mj::energy;
using namespace mj::test;

// Of the recorded bursts from `from` on, with the whole gaps to their neighbours.
std::vector<CalibrationBurst> recorded(size_t from, size_t to) {
  std::vector<CalibrationBurst> out;
  const auto& bursts = h100_trace().bursts;
  for (size_t i = std::max<size_t>(1, from); i < std::min(to, bursts.size() - 1); ++i) {
    out.push_back({{bursts[i].a, bursts[i].b, bursts[i].a - bursts[i - 1].b, bursts[i + 1].a - bursts[i].b},
                   static_cast<double>(bursts[i].kind_ms)});
  }
  return out;
}

TEST("calibration: on one half of a real H100's bursts, single bursts of the other half hold its mean energies") {
  mj::test::Series series = h100_trace().series;
  const size_t half = h100_trace().bursts.size() / 2;
  const auto first = recorded(0, half);
  const CalibrationResult result = calibrate(series.view(), {first.data(), first.size()});
  CHECK(result.calibration.has_value());
  CHECK_NEAR(result.calibration->time_constant_ns / 1e6, 12, 3);
  CHECK(result.calibration->ring.has_value());
  apply_calibration(*result.calibration, series.traits);
  apply_calibration(*result.calibration->ring, series.sample_traits);
  std::map<double, std::pair<int, int>> held;
  double half_widths = 0;
  for (const CalibrationBurst& burst : recorded(half, h100_trace().bursts.size())) {
    const std::map<double, double> means = {{0, 0}, {5, 4.08}, {20, 16.5}, {100, 77.1}};
    const Figure caused = series.estimate(burst.window).caused;
    held[burst.kind_ms].first += contains(caused, means.at(burst.kind_ms)) ? 1 : 0;
    ++held[burst.kind_ms].second;
    if (burst.kind_ms == 5) half_widths += caused.uncertainty;
  }
  CHECK(half_widths / held[5].second < 1.3);
  for (const auto& [kind, counts] : held) {
    CHECK(counts.first >= 0.9 * counts.second);
  }
}

}  // namespace
