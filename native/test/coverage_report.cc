// coverage_report [runs]: bias, RMSE, coverage and mean half-width of the estimator, and of the plain counter
// difference on the same timelines. Markdown, for docs/uncertainty.md.
#include <cstdlib>

#include "test/coverage.h"
#include "test/h100_trace.h"

namespace {

using namespace mj;
using namespace mj::test;

constexpr uint64_t kSeed = 20261123;

struct Machine {
  const char* name;
  MakeSpec make;
  std::vector<double> lengths_ms;
};

void print_row(double length_ms, const char* kind, const Score& s) {
  std::printf("| %g ms | %s | %.4g | %+.1f | %.1f | %.1f | %.1f | %.0f | %+.1f | %.1f |\n", length_ms, kind,
              s.truth / s.runs, s.percent(s.error), s.percent_rms(s.squares), s.percent(s.half_widths), s.coverage(),
              100.0 * s.resolved / s.runs, s.percent(s.plain_error), s.percent_rms(s.plain_squares));
}

Score pooled(const std::vector<Score>& scores) {
  Score sum;
  for (const Score& s : scores) {
    sum.runs += s.runs;
    sum.misses += s.misses;
    sum.resolved += s.resolved;
    sum.without += s.without;
    sum.error += s.error;
    sum.squares += s.squares;
    sum.half_widths += s.half_widths;
    sum.truth += s.truth;
    sum.plain_error += s.plain_error;
    sum.plain_squares += s.plain_squares;
  }
  return sum;
}

void report(const Machine& machine, int runs) {
  std::printf("\n### %s\n\n", machine.name);
  std::printf(
      "| length | figure | true J | bias %% | RMSE %% | mean U %% | covered %% | ok %% | plain bias %% | plain RMSE %% "
      "|\n");
  std::printf("|---|---|---|---|---|---|---|---|---|---|\n");
  int worst = 0;
  for (const double length : machine.lengths_ms) {
    std::vector<Score> window;
    std::vector<Score> caused;
    for (size_t load = 0; load < static_cast<size_t>(Load::kCount); ++load) {
      const Scores s = score(machine.make, length, static_cast<Load>(load), runs,
                             kSeed + static_cast<uint64_t>(length * 100) + load);
      window.push_back(s.window);
      caused.push_back(s.caused);
      worst = std::max({worst, s.window.misses, s.caused.misses});
      for (const auto& [kind, one] : {std::pair{"window", &s.window}, std::pair{"caused", &s.caused}}) {
        if (std::getenv("CELLS") != nullptr)
          if (one->runs > 0)
            std::printf(
                "CELL %g ms %s %s: misses %d of %d, suspect %d, U/RMSE %.1f, bias %.2f%%, RMSE %.2f%% U %.2f%%\n",
                length, load_name(static_cast<Load>(load)), kind, one->misses, one->runs, one->suspect,
                one->half_widths / one->runs / std::sqrt(one->squares / one->runs), one->percent(one->error),
                one->percent_rms(one->squares), one->percent(one->half_widths));
      }
    }
    print_row(length, "window", pooled(window));
    print_row(length, "caused", pooled(caused));
  }
  std::printf("\nMost misses of one cell (a length and a load): %d of %d.\n", worst, runs);
}

void report_traces() {
  std::printf("\n### Real bursts (native/test/data/h100)\n\n");
  std::printf(
      "| burst | n | caused J: mean (standard error) | sd J | mean U J | contain the mean %% | plain J: mean (sd) |\n");
  std::printf("|---|---|---|---|---|---|---|\n");
  for (const auto& [kind, figures] : caused_by_kind()) {
    const Mean mean = mean_of(figures);
    double covered = 0;
    double half_width = 0;
    for (const energy::Figure& figure : figures) {
      covered += contains(figure, mean.value) ? 1 : 0;
      half_width += figure.uncertainty;
    }
    const auto n = static_cast<double>(figures.size());
    const Mean plain = mean_of(plain_by_kind().at(kind));
    std::printf("| %s | %zu | %.2f (%.2f) | %.2f | %.2f | %.0f | %.1f (%.1f) |\n",
                kind == 0 ? "no work" : (std::to_string(kind) + " ms").c_str(), figures.size(), mean.value,
                mean.standard_error, mean.sd, half_width / n, 100 * covered / n, plain.value, plain.sd);
  }
}

}  // namespace

int main(int argc, char** argv) try {
  const int runs = argc > 1 ? static_cast<int>(std::strtol(argv[1], nullptr, 10)) : 400;
  if (runs < 1) throw std::runtime_error("coverage_report [runs]");
  const std::vector<double> lengths = {5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000};
  report({"Board, 100 ms counter behind a 13 ms sensor (H100)", h100_board, lengths}, runs);
  report({"The same with its ring of samples", h100_with_ring, lengths}, runs);
  report({"Its calls last 20 ms", slow_calls, lengths}, runs);
  report({"Its calls last 1 us", quick_calls, lengths}, runs);
  report({"Board, 20 ms counter", fast_board, lengths}, runs);
  report({"Board, 1 s counter", slow_board, lengths}, runs);
  report({"Package, 1 ms counter (RAPL)", rapl_package, {5, 10, 20, 50, 100, 200, 500, 1000}}, runs);
  report_traces();
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
