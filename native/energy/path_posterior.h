#pragma once

// The posterior of a stretch of the path: what is supposed before, learned from the readings themselves where it can
// be.
#include "energy/path_plan.h"

namespace mj::energy {

// How idle power varies, from the quiet time of a stretch and from what is known of the device.
struct IdleNoise {
  double level_w = 0;
  double slope_w_s = 0;  // from one side of the work to the other
  double level_u = 0;    // wide: the filter learns it
  double flutter_w = 0;  // standard deviation, correlated over PathDynamics::flutter_s
  double degrees = 0;    // of freedom of flutter_w
};

class PathPosterior {
 public:
  PathPosterior(const CounterView& counter, const PathSegment& segment);

  [[nodiscard]] const PathFilter& filter() const noexcept { return filter_; }
  [[nodiscard]] const IdleNoise& idle() const noexcept { return idle_; }
  // Of freedom of what is supposed to fluctuate in work, from suppositions and readings.
  [[nodiscard]] double work_degrees() const noexcept;
  [[nodiscard]] bool has_idle() const noexcept { return idle_.degrees > 0; }
  [[nodiscard]] const PathPrior& prior() const noexcept { return prior_; }
  // What the counter showed at the first edge of the stretch: energies of the filter count from there.
  [[nodiscard]] double origin_j() const noexcept { return origin_j_; }
  // Power that the readings beside an event show, W.
  [[nodiscard]] double power_beside(size_t event) const noexcept;

 private:
  PathFilter take(const CounterView& counter, const PathSegment& segment);

  IdleNoise idle_;
  double origin_j_ = 0;
  PathPrior prior_;
  PathFilter filter_;
};

}  // namespace mj::energy
