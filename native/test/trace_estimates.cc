// trace_estimates FOLDER [LIMIT_W] [BURSTS...]: what the estimator says of every burst of a recorded trace (bench/gpu),
// as CSV. BURSTS: folders of traces by bursts.mjs of the same board, one after the other in time, to calibrate on; what
// that finds goes to stderr.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "energy/calibration.h"
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
  std::vector<double> kinds;
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
    trace.kinds.push_back(std::strtod(row.at(0).c_str(), nullptr));
  }
  if (trace.edges.empty()) throw std::runtime_error("no edges in " + folder);
  return trace;
}

// A meter counts from its own first edge: nothing is asked for across two of them.
void append(const Trace& more, Trace& out) {
  const double joules = out.edges.empty() ? 0 : out.edges.back().joules;
  for (Edge edge : more.edges) {
    edge.joules += joules;
    out.edges.push_back(edge);
  }
  out.ring.insert(out.ring.end(), more.ring.begin(), more.ring.end());
  out.windows.insert(out.windows.end(), more.windows.begin(), more.windows.end());
  out.kinds.insert(out.kinds.end(), more.kinds.begin(), more.kinds.end());
}

struct Traits {
  CounterTraits counter;
  SampleTraits ring = nvml_ring_traits();
};

void print(const CalibrationResult& result) {
  const Calibration& found = *result.calibration;
  std::fprintf(
      stderr,
      "period %.6g ms, jitter %.3g ms, time constant %.4g ms (%.3g %%), delay and marks %.3g ms, phase %.3g %% "
      "over 1 + L / %.3g ms, displacement %.3g ms, idle noise %.3g W\n",
      found.period_ns / 1e6, found.grid_jitter_ns / 1e6, found.time_constant_ns / 1e6, 100 * found.time_constant_u,
      found.mark_delay_ns / 1e6, 100 * found.phase_sensitivity, found.phase_reach_ns / 1e6, found.displacement_ns / 1e6,
      found.idle_noise_w);
  if (found.ring) {
    std::fprintf(stderr, "ring: lag %.3g ms, noise %.3g W, gain %.5g (%.2g %%), stamps %.3g ms\n",
                 found.ring->lag_ns / 1e6, found.ring->noise_w, found.ring->gain, 100 * found.ring->gain_u,
                 found.ring->stamp_jitter_ns / 1e6);
  }
  for (const CalibrationKind& kind : result.kinds) {
    std::fprintf(stderr, "%g ms: %zu bursts, %.4g J, scatter %.3g %%, U %.3g %%, %zu of %zu hold\n", kind.kind_ms,
                 kind.count, kind.mean_j, 100 * kind.relative_scatter, 100 * kind.mean_relative_u, kind.held,
                 kind.held_back);
  }
  std::fprintf(stderr, "sham: %zu, %.3g J +- %.2g J; %zu of %zu hold, widened %.3g times\n", result.sham.count,
               result.sham.mean_j, result.sham.uncertainty_j, result.held, result.tested, result.widened);
}

Traits calibrated(const std::vector<std::string>& folders, CounterTraits counter) {
  Traits traits;
  traits.counter = counter;
  if (folders.empty()) return traits;
  Trace trace;
  for (const std::string& folder : folders) append(read_trace(folder), trace);
  std::vector<CalibrationBurst> bursts;
  for (size_t i = 0; i < trace.windows.size(); ++i) bursts.push_back({trace.windows[i], trace.kinds[i]});
  CounterView view;
  view.edges = {trace.edges.data(), trace.edges.size()};
  view.traits = counter;
  view.samples = {trace.ring.data(), trace.ring.size()};
  view.sample_traits = traits.ring;
  const CalibrationResult result = calibrate(view, {bursts.data(), bursts.size()});
  if (!result.calibration) throw std::runtime_error(result.reason);
  print(result);
  apply_calibration(*result.calibration, traits.counter);
  if (result.calibration->ring) apply_calibration(*result.calibration->ring, traits.ring);
  return traits;
}

Estimate estimate_one(const Trace& trace, const Traits& traits, const Window& window) {
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
  view.traits = traits.counter;
  view.samples = {trace.ring.data(), trace.ring.size()};
  view.sample_traits = traits.ring;
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
  if (argc < 2) throw std::runtime_error("trace_estimates FOLDER [LIMIT_W] [BURSTS...]");
  const Trace trace = read_trace(argv[1]);
  const double limit_w = argc > 2 ? std::strtod(argv[2], nullptr) : 700;
  const Traits traits =
      calibrated(std::vector<std::string>(argv + std::min(argc, 3), argv + argc), nvml_board_traits(limit_w, 0));
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
