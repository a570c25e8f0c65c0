#pragma once

// From marked phases and a counter's edges to the intervals of a regression.
#include <vector>

#include "energy/attribution.h"
#include "energy/attribution_design.h"
#include "energy/attribution_fit.h"

namespace mj::energy {

// The edges of a counter that lie safely within the range asked for, and what ran when.
class AttributionFrame {
 public:
  AttributionFrame(const CounterView& counter, const AttributionRequest& request);

  [[nodiscard]] const std::vector<TimedEdge>& edges() const noexcept { return timing_.edges; }
  [[nodiscard]] double common_s() const noexcept { return timing_.common_s; }
  [[nodiscard]] size_t labels() const noexcept { return labels_; }  // with the rest, where there is any
  [[nodiscard]] double sensor_s() const noexcept { return sensor_s_; }

  // Without errors. Other suppositions than those of the traits tell how much depends on them.
  struct Supposed {
    double sensor = 1;   // times its time constant,
    double timing = 1;   // times how far an edge may lie from its instant,
    double shift_s = 0;  // and every edge later by this
  };
  [[nodiscard]] AttributionData data() const { return columns_of(seen_); }
  [[nodiscard]] AttributionData data(const Supposed& supposed) const;
  // Watts of the columns of `data` where every label has the same.
  [[nodiscard]] std::vector<double> level(double watts) const;
  // J^2 of each edge for these powers, by what they are due to.
  struct EdgeErrors {
    std::vector<double> timing;
    std::vector<double> displacement;
    double quantum = 0;
    [[nodiscard]] std::vector<double> sum() const;
  };
  [[nodiscard]] EdgeErrors edge_errors(const std::vector<double>& watts) const;
  // Mean power of each label over the states it was in, of the watts of the columns of `data`.
  [[nodiscard]] Matrix reported() const;
  // Intervals x columns: seconds of each label after each label that it came after often. Like `data`, where there is
  // one of these for every label.
  [[nodiscard]] Matrix split_by_predecessor() const;

 private:
  [[nodiscard]] Matrix by_column(const Matrix& by_label_and_state) const;
  [[nodiscard]] AttributionData columns_of(const Seen& seen) const;

  const AttributionRequest& request_;
  double sensor_s_;
  double quantum_j_;
  EdgeTiming timing_;
  std::vector<Segment> segments_;  // column: label x states + state
  size_t labels_;
  size_t states_;
  Seen seen_;
};

}  // namespace mj::energy
