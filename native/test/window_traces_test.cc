#include "test/check.h"
#include "test/h100_trace.h"

namespace {

using namespace mj::energy;
using namespace mj::test;

TEST("traces: bursts of a real H100 have the energies found by hand") {
  const auto figures = caused_by_kind();
  const std::pair<int, double> expected[] = {{5, 4.08}, {20, 16.5}, {100, 77.1}};
  for (const auto& [kind, joules] : expected) {
    CHECK(figures.at(kind).size() >= 89);
    const Mean mean = mean_of(figures.at(kind));
    CHECK_NEAR(mean.value, joules, 2 * mean.standard_error);
  }
}

TEST("traces: sham bursts cost nothing and are below resolution") {
  const auto figures = caused_by_kind().at(0);
  const Mean mean = mean_of(figures);
  CHECK_NEAR(mean.value, 0, 0.05);
  CHECK(mean.sd < 0.15);
  for (const Figure& figure : figures) {
    CHECK(figure.status == EstimateStatus::kBelowResolution);
    CHECK(contains(figure, 0));
  }
}

TEST("traces: the intervals are as wide as real bursts scatter, and not much wider") {
  for (const auto& [kind, figures] : caused_by_kind()) {
    if (kind == 0) continue;
    const Mean mean = mean_of(figures);
    size_t covered = 0;
    double half_width = 0;
    for (const Figure& figure : figures) {
      covered += contains(figure, mean.value) ? 1 : 0;
      half_width += figure.uncertainty / static_cast<double>(figures.size());
    }
    CHECK(static_cast<double>(covered) >= 0.9 * static_cast<double>(figures.size()));
    CHECK(half_width < 4 * mean.sd);
  }
}

TEST("traces: the first kernel moves the board to another idle state") {
  // 73 W until 10 s into the recording, 118 W from 13 s on; no burst before 40 s.
  const auto& series = h100_trace().series;
  const Figure changed = series.estimate({ms(9000), ms(14'000), ms(2000), ms(2000)}).caused;
  CHECK(changed.status == EstimateStatus::kSuspect);
  CHECK(changed.cause == Cause::kIdleStateChanged);
  const Figure steady = series.estimate({ms(24'000), ms(25'000), ms(2000), ms(2000)}).caused;
  CHECK(steady.status == EstimateStatus::kBelowResolution);
  CHECK(contains(steady, 0));
}

}  // namespace
