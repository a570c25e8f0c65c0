#pragma once

// The recorded bursts in data/h100 and the estimator's figures for them.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

#include "energy/window_traits.h"
#include "test/check.h"
#include "test/window_fixture.h"

namespace mj::test {

struct BurstRow {
  int kind_ms;
  int64_t a;
  int64_t b;
};

inline std::vector<std::array<long, 3>> read_csv(const std::string& name) {
  const std::string path = std::string(MJ_TEST_DATA) + "/h100/" + name;
  std::FILE* file = std::fopen(path.c_str(), "r");
  if (file == nullptr) fail(__FILE__, __LINE__, "cannot open " + path);
  std::vector<std::array<long, 3>> rows;
  char line[128];
  while (std::fgets(line, sizeof line, file) != nullptr) {
    std::array<long, 3> row{};
    const char* text = line;
    char* end = line;
    for (long& field : row) {
      field = std::strtol(text, &end, 10);
      if (end == text || *end == '\n') break;
      text = end + 1;
    }
    if (*end == '\n' && end != line) rows.push_back(row);  // not the heading
  }
  std::fclose(file);
  return rows;
}

struct Trace {
  Series series;
  std::vector<BurstRow> bursts;
};

inline const Trace& h100_trace() {
  static const Trace* loaded = [] {
    auto* t = new Trace;
    for (const auto& [lo, hi, mj] : read_csv("phases-edges.csv")) {
      t->series.edges.push_back({lo * 1000, hi * 1000, 1e-3 * static_cast<double>(mj)});
    }
    for (const auto& [kind, a, b] : read_csv("phases-bursts.csv")) {
      t->bursts.push_back({static_cast<int>(kind), a * 1000, b * 1000});
    }
    for (const auto& [at, mw, none] : read_csv("phases-samples.csv")) {
      if (std::getenv("NORING")) break;
      t->series.samples.push_back({at * 1000, at * 1000, 1e-3 * static_cast<double>(mw)});
    }
    t->series.sample_traits = energy::nvml_ring_traits();
    // It was read without pause.
    t->series.traits = energy::read_densely(energy::nvml_board_traits(700, 0));
    return t;
  }();
  return *loaded;
}

// The quiet time of each burst is the whole gap to its neighbours.
inline std::map<int, std::vector<energy::Figure>> caused_by_kind() {
  std::map<int, std::vector<energy::Figure>> figures;
  const auto& bursts = h100_trace().bursts;
  for (size_t i = 1; i + 1 < bursts.size(); ++i) {
    const energy::Window window{bursts[i].a, bursts[i].b, bursts[i].a - bursts[i - 1].b, bursts[i + 1].a - bursts[i].b};
    figures[bursts[i].kind_ms].push_back(h100_trace().series.estimate(window).caused);
  }
  return figures;
}

// The counter after minus the counter before, less the same idle.
inline std::map<int, std::vector<energy::Figure>> plain_by_kind() {
  std::map<int, std::vector<energy::Figure>> figures;
  const auto& bursts = h100_trace().bursts;
  for (size_t i = 1; i + 1 < bursts.size(); ++i) {
    const energy::Window window{bursts[i].a, bursts[i].b, bursts[i].a - bursts[i - 1].b, bursts[i + 1].a - bursts[i].b};
    energy::Figure figure;
    figure.value = plain_difference(h100_trace().series.edges, window.a, window.b) -
                   h100_trace().series.estimate(window).idle.watts * 1e-9 * static_cast<double>(window.b - window.a);
    figures[bursts[i].kind_ms].push_back(figure);
  }
  return figures;
}

struct Mean {
  double value = 0;
  double sd = 0;
  double standard_error = 0;
};

inline Mean mean_of(const std::vector<energy::Figure>& figures) {
  Mean mean;
  const auto n = static_cast<double>(figures.size());
  for (const energy::Figure& f : figures) mean.value += f.value / n;
  for (const energy::Figure& f : figures) mean.sd += (f.value - mean.value) * (f.value - mean.value) / (n - 1);
  mean.sd = std::sqrt(mean.sd);
  mean.standard_error = mean.sd / std::sqrt(n);
  return mean;
}

}  // namespace mj::test
