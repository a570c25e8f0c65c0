// trace_estimates FOLDER [LIMIT_W]: what the estimator says of every burst of a recorded trace (bench/gpu), as CSV.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "energy/window.h"
#include "energy/window_traits.h"

namespace {

using namespace mj::energy;

// As a meter copies out of its timeline.
constexpr ptrdiff_t kEdgesBeside = 6;

std::vector<std::vector<std::string>> read_csv(const std::string& path) {
  std::vector<std::vector<std::string>> rows;
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);  // the heading
  while (std::getline(file, line)) {
    std::vector<std::string> row;
    std::istringstream cells(line);
    for (std::string cell; std::getline(cells, cell, ',');) row.push_back(cell);
    rows.push_back(std::move(row));
  }
  return rows;
}

int64_t ns(const std::string& text) { return std::strtoll(text.c_str(), nullptr, 10); }

struct Trace {
  std::vector<Edge> edges;
  std::vector<PowerSample> ring;
  std::vector<Window> windows;
};

Trace read_trace(const std::string& folder) {
  Trace trace;
  for (const auto& row : read_csv(folder + "/edges.csv")) {
    trace.edges.push_back({ns(row.at(0)), ns(row.at(1)), std::strtod(row.at(2).c_str(), nullptr)});
  }
  for (const auto& row : read_csv(folder + "/ring.csv")) {
    trace.ring.push_back({ns(row.at(0)), ns(row.at(0)), std::strtod(row.at(1).c_str(), nullptr)});
  }
  for (const auto& row : read_csv(folder + "/bursts.csv")) {
    trace.windows.push_back({ns(row.at(2)), ns(row.at(3)), ns(row.at(4)), ns(row.at(5))});
  }
  if (trace.edges.empty()) throw std::runtime_error("no edges in " + folder);
  return trace;
}

Estimate estimate_one(const Trace& trace, const CounterTraits& traits, const Window& window) {
  const auto& edges = trace.edges;
  const int64_t from = window.a - window.idle_before_ns;
  const int64_t to = window.b + window.idle_after_ns;
  const auto before =
      std::lower_bound(edges.begin(), edges.end(), from, [](const Edge& edge, int64_t at) { return edge.hi < at; });
  const auto after =
      std::lower_bound(edges.begin(), edges.end(), to, [](const Edge& edge, int64_t at) { return edge.lo <= at; });
  const auto first = before - std::min(kEdgesBeside, before - edges.begin());
  const auto last = after + std::min(kEdgesBeside, edges.end() - after);
  CounterView view;
  view.edges = {&*first, static_cast<size_t>(last - first)};
  view.traits = traits;
  view.samples = {trace.ring.data(), trace.ring.size()};
  view.sample_traits = nvml_ring_traits();
  return estimate(view, window);
}

void print(const Figure& figure) {
  std::printf(",%s,%.9g,%.9g,%.9g,%.9g", status_name(figure.status), figure.value, figure.lo, figure.hi,
              figure.uncertainty);
  for (const double term : figure.terms) std::printf(",%.9g", term);
}

void print_heading() {
  std::printf("a_ns,b_ns");
  for (const std::string kind : {"window", "caused"}) {
    for (const char* field : {"status", "value", "lo", "hi", "uncertainty"}) {
      std::printf(",%s_%s", kind.c_str(), field);
    }
    for (size_t i = 0; i < kTermCount; ++i) std::printf(",%s_%s", kind.c_str(), term_name(static_cast<Term>(i)));
  }
  std::printf(",idle_w,idle_uncertainty_w\n");
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 2) throw std::runtime_error("trace_estimates FOLDER [LIMIT_W]");
  const Trace trace = read_trace(argv[1]);
  const CounterTraits traits = nvml_board_traits(argc > 2 ? std::strtod(argv[2], nullptr) : 700, 0);
  print_heading();
  for (const Window& window : trace.windows) {
    const Estimate one = estimate_one(trace, traits, window);
    std::printf("%lld,%lld", static_cast<long long>(window.a), static_cast<long long>(window.b));
    print(one.window);
    print(one.caused);
    std::printf(",%.9g,%.9g\n", one.idle.watts, one.idle.uncertainty);
  }
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
