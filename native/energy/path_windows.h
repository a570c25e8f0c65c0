#pragma once

// Energies of windows as functionals of one posterior: they are additive, and their covariances are known.
#include <vector>

#include "energy/path_posterior.h"
#include "energy/power_coverage.h"

namespace mj::energy {

class WindowPosterior {
 public:
  // No window ends before it begins, and the counter has edges where there is a window.
  WindowPosterior(const CounterView& counter, const Span<Window>& windows);

  // E(b) - E(a).
  [[nodiscard]] const PathValue& gross(size_t window) const { return gross_[window]; }
  // E(b) - E(a) - idle_before_s I(a) - idle_after_s I(b).
  [[nodiscard]] PathValue functional(size_t window, double idle_before_s, double idle_after_s) const;

  // Of E(b) - E(a), J^2: what the readings leave open, what the time between marks, device and counter adds, and what
  // the counter's sensitivity to phase does; of a power sensor's values, what they did not see.
  [[nodiscard]] double path_covariance(size_t f, size_t g) const;
  [[nodiscard]] double delay_covariance(size_t f, size_t g) const;
  [[nodiscard]] double phase_covariance(size_t f, size_t g) const;
  [[nodiscard]] double coverage_covariance(size_t f, size_t g) const;
  [[nodiscard]] double covariance(size_t f, size_t g) const;
  [[nodiscard]] const PowerCoverage& coverage() const noexcept { return coverage_; }

  [[nodiscard]] const PathPosterior& at_start(size_t window) const { return paths_[plan_.starts[window].segment]; }
  [[nodiscard]] const PathPosterior& at_end(size_t window) const { return paths_[plan_.ends[window].segment]; }
  // Its ends share no readings.
  // What the phase of the counter's grid, found for each end by itself, may add at this power, J^2.
  [[nodiscard]] double grid_variance(size_t window, double power_w) const;
  [[nodiscard]] bool apart(size_t window) const { return plan_.starts[window].segment != plan_.ends[window].segment; }

 private:
  // One instant that is asked for, with the power of the work that begins or ends there.
  struct Instant {
    int64_t at = 0;
    PathMark mark;
    double power_w = 0;  // the largest that is seen beside it
    double edge_w = 0;   // as the counter's intervals show it
    double work_w = 0;   // above idle
  };
  void find_instants(const Span<Window>& windows);
  template <typename Pair>
  [[nodiscard]] double bilinear(size_t f, size_t g, Pair pair) const;

  CounterTraits traits_;
  PowerCoverage coverage_;
  PathPlan plan_;
  std::vector<PathPosterior> paths_;
  std::vector<PathValue> gross_;  // one a window
  std::vector<Instant> starts_;
  std::vector<Instant> ends_;
};

}  // namespace mj::energy
