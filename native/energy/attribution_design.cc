#include "energy/attribution_design.h"

#include <algorithm>
#include <cmath>

#include "energy/window_bounds.h"

namespace mj::energy {

namespace {

// An instant whose state counts for an edge with this weight.
struct Node {
  double at_s = 0;
  size_t edge = 0;
  double weight = 0;
};

// Simpson's rule over [a, b], piece by piece: exact to the third order between the ends of segments.
void add_nodes(double a, double b, size_t edge, double weight, std::vector<Node>& out) {
  out.push_back({a, edge, weight / 6});
  out.push_back({0.5 * (a + b), edge, weight * 4 / 6});
  out.push_back({b, edge, weight / 6});
}

std::vector<Node> nodes_of(const std::vector<TimedEdge>& edges, const std::vector<Segment>& segments) {
  const int64_t origin = segments.front().from;
  std::vector<Node> nodes;
  for (size_t k = 0; k < edges.size(); ++k) {
    const double at = seconds(edges[k].at - origin);
    const double half = std::sqrt(3.0) * edges[k].timing_s;  // of the rectangle with this standard deviation
    const double from = std::max(0.0, at - half);
    const double to = std::min(seconds(segments.back().to - origin), at + half);
    if (!(to > from)) {
      nodes.push_back({at, k, 1});
      continue;
    }
    auto segment = std::upper_bound(segments.begin(), segments.end(), from,
                                    [origin](double t, const Segment& one) { return t < seconds(one.to - origin); });
    double begin = from;
    for (; segment != segments.end() && begin < to; ++segment) {
      const double end = std::min(to, seconds(segment->to - origin));
      if (end > begin) add_nodes(begin, end, k, (end - begin) / (to - from), nodes);
      begin = std::max(begin, end);
    }
  }
  std::sort(nodes.begin(), nodes.end(), [](const Node& a, const Node& b) { return a.at_s < b.at_s; });
  return nodes;
}

// Follows the sensor through the segments: of each column the time so far and the part in what the sensor shows.
class Sensor {
 public:
  Sensor(size_t columns, double sensor_s, size_t first) : sensor_s_(sensor_s), time_(columns), share_(columns) {
    share_[first] = 1;
    first_ = first;
  }

  void advance(double step_s, size_t column) noexcept {
    if (!(step_s > 0)) return;
    time_[column] += step_s;
    const double kept = sensor_s_ > 0 ? std::exp(-step_s / sensor_s_) : 0;
    for (double& share : share_) share *= kept;
    share_[column] += 1 - kept;
  }
  [[nodiscard]] double share(size_t column) const noexcept { return share_[column]; }
  // The sensor shows S with s dS/dt = P - S, so the integral of S is that of P less s times the rise of S.
  [[nodiscard]] double seconds_through(size_t column) const noexcept {
    return time_[column] - sensor_s_ * (share_[column] - (column == first_ ? 1 : 0));
  }

 private:
  double sensor_s_;
  std::vector<double> time_;
  std::vector<double> share_;
  size_t first_ = 0;
};

}  // namespace

Seen seen_at(const std::vector<TimedEdge>& edges, const std::vector<Segment>& segments, size_t columns,
             double sensor_s) {
  Seen seen{Matrix(edges.size(), columns), Matrix(edges.size(), columns)};
  const int64_t origin = segments.front().from;
  Sensor sensor(columns, sensor_s, segments.front().column);
  double now = 0;
  auto segment = segments.begin();
  for (const Node& node : nodes_of(edges, segments)) {
    while (segment + 1 != segments.end() && seconds(segment->to - origin) < node.at_s) {
      sensor.advance(seconds(segment->to - origin) - now, segment->column);
      now = seconds(segment->to - origin);
      ++segment;
    }
    sensor.advance(node.at_s - now, segment->column);
    now = std::max(now, node.at_s);
    for (size_t j = 0; j < columns; ++j) {
      seen.seconds(node.edge, j) += node.weight * sensor.seconds_through(j);
      seen.share(node.edge, j) += node.weight * sensor.share(j);
    }
  }
  return seen;
}

}  // namespace mj::energy
