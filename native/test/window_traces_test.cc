#include <cstdio>
#include <map>
#include <string>

#include "energy/window_traits.h"
#include "test/check.h"
#include "test/window_fixture.h"

namespace {

using namespace mj::energy;
using namespace mj::test;

struct BurstRow {
  int kind_ms;
  int64_t a;
  int64_t b;
};

std::vector<std::array<long, 3>> read_csv(const std::string& name) {
  const std::string path = std::string(MJ_TEST_DATA) + "/h100/" + name;
  std::FILE* file = std::fopen(path.c_str(), "r");
  if (file == nullptr) fail(__FILE__, __LINE__, "cannot open " + path);
  std::vector<std::array<long, 3>> rows;
  char line[128];
  while (std::fgets(line, sizeof line, file) != nullptr) {
    std::array<long, 3> row{};
    if (std::sscanf(line, "%ld,%ld,%ld", &row[0], &row[1], &row[2]) == 3) rows.push_back(row);
  }
  std::fclose(file);
  return rows;
}

struct Trace {
  Series series;
  std::vector<BurstRow> bursts;
};

const Trace& trace() {
  static const Trace* loaded = [] {
    auto* t = new Trace;
    for (const auto& [lo, hi, mj] : read_csv("phases-edges.csv")) {
      t->series.edges.push_back({lo * 1000, hi * 1000, 1e-3 * static_cast<double>(mj)});
    }
    for (const auto& [kind, a, b] : read_csv("phases-bursts.csv")) {
      t->bursts.push_back({static_cast<int>(kind), a * 1000, b * 1000});
    }
    t->series.traits = nvml_board_traits(700, 0);
    return t;
  }();
  return *loaded;
}

// The quiet time of each burst is the whole gap to its neighbours.
std::map<int, std::vector<Figure>> caused_by_kind() {
  std::map<int, std::vector<Figure>> figures;
  const auto& bursts = trace().bursts;
  for (size_t i = 1; i + 1 < bursts.size(); ++i) {
    const Window window{bursts[i].a, bursts[i].b, bursts[i].a - bursts[i - 1].b, bursts[i + 1].a - bursts[i].b};
    figures[bursts[i].kind_ms].push_back(trace().series.estimate(window).caused);
  }
  return figures;
}

struct Mean {
  double value = 0;
  double sd = 0;
  double standard_error = 0;
};

Mean mean_of(const std::vector<Figure>& figures) {
  Mean mean;
  const auto n = static_cast<double>(figures.size());
  for (const Figure& f : figures) mean.value += f.value / n;
  for (const Figure& f : figures) mean.sd += (f.value - mean.value) * (f.value - mean.value) / (n - 1);
  mean.sd = std::sqrt(mean.sd);
  mean.standard_error = mean.sd / std::sqrt(n);
  return mean;
}

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
  CHECK_NEAR(mean.value, 0, 2 * mean.standard_error);
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
  const auto& series = trace().series;
  const Figure changed = series.estimate({ms(9000), ms(14'000), ms(2000), ms(2000)}).caused;
  CHECK(changed.status == EstimateStatus::kSuspect);
  CHECK(changed.cause == Cause::kIdleStateChanged);
  const Figure steady = series.estimate({ms(24'000), ms(25'000), ms(2000), ms(2000)}).caused;
  CHECK(steady.status == EstimateStatus::kBelowResolution);
  CHECK(contains(steady, 0));
}

}  // namespace
