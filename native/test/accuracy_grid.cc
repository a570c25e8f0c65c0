// accuracy_grid [runs] [seed] [part of a counter's name]: every cell of the simulated grid as a line of CSV, for
// bench/accuracy.mjs.
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

#include "test/coverage.h"
#include "test/h100_trace.h"

namespace {

using namespace mj;
using namespace mj::test;

struct Machine {
  const char* name;
  MakeSpec make;
  double longest_ms;
};

void print(const char* machine, double length_ms, Load load, const char* kind, const Score& s) {
  if (s.runs == 0) return;
  std::printf("%s,%g,%s,%s,%d,%d,%d,%d,%.6g,%.4f,%.4f,%.4f,%.4f,%.4f,%.4f,%.4f\n", machine, length_ms, load_name(load),
              kind, s.runs, s.misses, s.resolved, s.suspect, s.truth / s.runs, s.bias(s.ours), s.rmse(s.ours), s.u(),
              s.bias(s.plain), s.rmse(s.plain), s.bias(s.polled), s.rmse(s.polled));
}

void run(const Machine& machine, int runs, uint64_t seed) {
  for (const double length : {5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0, 10'000.0}) {
    if (length > machine.longest_ms) break;
    for (size_t i = 0; i < static_cast<size_t>(Load::kCount); ++i) {
      const auto load = static_cast<Load>(i);
      const Scores s = score(machine.make, length, load, runs, seed + static_cast<uint64_t>(length * 100) + i);
      print(machine.name, length, load, "window", s.window);
      print(machine.name, length, load, "caused", s.caused);
    }
  }
}

// Bursts recorded on a real board: no truth is known, so their scatter stands beside the mean half-width.
void real_bursts() {
  std::printf("\nburst_ms,n,mean_j,standard_error_j,sd_j,mean_u_j,contain_mean,plain_mean_j,plain_sd_j\n");
  const auto plain = plain_by_kind();
  for (const auto& [kind, figures] : caused_by_kind()) {
    const Mean mean = mean_of(figures);
    const Mean difference = mean_of(plain.at(kind));
    int covered = 0;
    double half_width = 0;
    for (const energy::Figure& figure : figures) {
      covered += contains(figure, mean.value) ? 1 : 0;
      half_width += figure.uncertainty / static_cast<double>(figures.size());
    }
    std::printf("%d,%zu,%.3f,%.3f,%.3f,%.3f,%d,%.3f,%.3f\n", kind, figures.size(), mean.value, mean.standard_error,
                mean.sd, half_width, covered, difference.value, difference.sd);
  }
}

}  // namespace

int main(int argc, char** argv) try {
  const int runs = argc > 1 ? static_cast<int>(std::strtol(argv[1], nullptr, 10)) : 400;
  const uint64_t seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
  if (runs < 1) throw std::runtime_error("accuracy_grid [runs] [seed] [machine]");
  const std::string wanted = argc > 3 ? argv[3] : "";
  std::printf(
      "machine,length_ms,load,kind,runs,misses,resolved,suspect,true_j,bias,rmse,u,plain_bias,plain_rmse,polled_bias,"
      "polled_rmse\n");
  const Machine machines[] = {
      {"100 ms counter and ring", h100_with_ring, 1e9},
      {"100 ms counter alone", h100_board, 1e9},
      {"calls of 20 ms", slow_calls, 1e9},
      {"calls of 1 us", quick_calls, 1e9},
      {"gain off by up to 5 %", wrong_gain, 1e9},
      {"20 ms counter", fast_board, 1e9},
      {"1 s counter", slow_board, 1e9},
      {"1 ms counter (RAPL)", rapl_package, 1000},
      {"100 ms counter and field 186", h100_and_instant, 1e9},
      {"power samples alone: ring", ring_alone, 1e9},
      {"power samples alone: instant 100/25", instant_25_of_100, 1e9},
      {"power samples alone: instant 20/10", instant_10_of_20, 1e9},
      {"power samples alone: mean of 100 ms", full_100, 1e9},
      {"power samples alone: average 1 s", average_1_s, 1e9},
  };
  for (const Machine& machine : machines) {
    if (std::string(machine.name).find(wanted) != std::string::npos) run(machine, runs, seed);
  }
  if (wanted.empty()) real_bursts();
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
