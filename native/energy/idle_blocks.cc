#include "energy/idle_blocks.h"

#include <algorithm>
#include <cmath>

#include "base/squares.h"
#include "energy/window_bounds.h"

namespace mj::energy {

namespace {

constexpr ptrdiff_t kEnoughSteady = 3;

}  // namespace

QuietPower add_blocks(const std::vector<TimedEdge>& edges, const QuietSpan& span, double block_s, BlockNoise& out) {
  const auto inside = [&span](const TimedEdge& edge) { return edge.at >= span.settled && edge.at <= span.to; };
  // Displaced accumulations only where there are too few others.
  const auto steady = std::count_if(edges.begin(), edges.end(), [&inside](const TimedEdge& edge) {
    return inside(edge) && edge.displacement_s == 0;
  });
  std::vector<const TimedEdge*> ends;
  const TimedEdge* last = nullptr;
  for (const TimedEdge& edge : edges) {
    if (!inside(edge) || (steady >= kEnoughSteady && edge.displacement_s > 0)) continue;
    if (ends.empty() || seconds(edge.at - ends.back()->at) >= block_s) ends.push_back(&edge);
    last = &edge;
  }
  QuietPower power;
  if (last != nullptr && last != ends.front()) {
    power.joules = last->joules - ends.front()->joules;
    power.length_s = seconds(last->at - ends.front()->at);
    power.centre_s = 0.5 * (seconds(last->at) + seconds(ends.front()->at));
    const auto u = [](const TimedEdge& edge) { return root_sum_square(edge.timing_s, edge.displacement_s); };
    power.timing_s = root_sum_square(u(*ends.front()), u(*last));
  }
  for (size_t i = 2; i < ends.size(); ++i) {
    const double first_s = seconds(ends[i - 1]->at - ends[i - 2]->at);
    const double second_s = seconds(ends[i]->at - ends[i - 1]->at);
    const double first = (ends[i - 1]->joules - ends[i - 2]->joules) / first_s;
    const double second = (ends[i]->joules - ends[i - 1]->joules) / second_s;
    const auto u = [&ends](size_t k) { return root_sum_square(ends[k]->timing_s, ends[k]->displacement_s); };
    const double timing = square(first * u(i - 2) / first_s) + square(first * u(i - 1) * (1 / first_s + 1 / second_s)) +
                          square(second * u(i) / second_s);
    out.variance += 0.5 * std::max(0.0, square(second - first) - timing);
    out.block_s += 0.5 * (first_s + second_s);
    ++out.pairs;
  }
  return power;
}

double mean_variance(double c, double block_s) noexcept {
  const double ratio = c / block_s;
  return 2 * ratio * (1 - ratio * (1 - std::exp(-1 / ratio)));
}

}  // namespace mj::energy
