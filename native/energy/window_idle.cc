#include "energy/window_idle.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace mj::energy {

namespace {

constexpr size_t kSlopeEdges = 32;  // the level is a median over all pairs of so many edges at most
constexpr size_t kEnoughEdges = 3;

// [H100] 107 W a moment after a burst in a 120 W state; 118 to 121 W from minute to minute: what one side cannot see.
constexpr double kOneSidedDrift = 0.10;
// The same figure where there are too few intervals for a spread.
constexpr double kUnknownSpread = 0.10;
// [H100] idle states are 75 and 118 W; within one state 107 to 121 W were seen.
constexpr double kStateChange = 0.15;
constexpr double kStateChangeSigmas = 5;

double mean_power(const EdgeIndex& index, size_t from, size_t to) {
  const Edge& left = index.edge(from);
  const Edge& right = index.edge(to);
  return (right.joules - left.joules) / seconds(mid_ns(right) - mid_ns(left));
}

// Median of all pairwise slopes: an edge displaced, or a burst of somebody else in the quiet time, moves it little.
double theil_sen(const EdgeIndex& index, const std::vector<size_t>& all) {
  const size_t count = std::min(all.size(), kSlopeEdges);
  const auto nth = [&](size_t k) { return all[k * (all.size() - 1) / (count - 1)]; };
  std::vector<double> slopes;
  slopes.reserve(count * (count - 1) / 2);
  for (size_t j = 1; j < count; ++j) {
    for (size_t i = 0; i < j; ++i) slopes.push_back(mean_power(index, nth(i), nth(j)));
  }
  const auto middle = slopes.begin() + static_cast<ptrdiff_t>(slopes.size() / 2);
  std::nth_element(slopes.begin(), middle, slopes.end());
  if (slopes.size() % 2 != 0) return *middle;
  return 0.5 * (*middle + *std::max_element(slopes.begin(), middle));
}

struct BlockSpread {
  double squares = 0;  // of adjacent blocks' differences, halved
  int pairs = 0;
  int degrees = 0;  // differences that share no interval
};

// Allan variance over overlapping blocks of m intervals.
void add_blocks(const EdgeIndex& index, const QuietSide& side, size_t m, BlockSpread& spread) {
  if (side.intervals() < 2 * m) return;
  for (size_t i = 0; i + 2 * m <= side.intervals(); ++i) {
    const double first = mean_power(index, side.edges[i], side.edges[i + m]);
    const double second = mean_power(index, side.edges[i + m], side.edges[i + 2 * m]);
    spread.squares += 0.5 * (second - first) * (second - first);
    ++spread.pairs;
  }
  spread.degrees += static_cast<int>(side.intervals() / m) - 1;
}

struct Noise {
  double sigma;   // standard deviation of a block's mean
  double factor;  // half-width of 95 % over sigma
};

// Noise of the mean power over the guard. Blocks are as long as the guard, or a quarter of the quiet time where that is
// less (fewer would leave no degrees of freedom), and are then used as they are: idle power has a flicker floor, and
// taking it to fall as 1/sqrt(length) would be a promise.
Noise block_noise(const EdgeIndex& index, const QuietSide& before, const QuietSide& after, double guard_ns,
                  double watts) {
  const double interval_ns = std::max(before.interval_ns, after.interval_ns);
  const size_t longest = std::max(before.intervals(), after.intervals()) / 4;
  const auto wanted = static_cast<size_t>(std::max(1.0, std::round(guard_ns / interval_ns)));
  const size_t m = std::clamp<size_t>(wanted, 1, std::max<size_t>(1, longest));
  BlockSpread spread;
  add_blocks(index, before, m, spread);
  add_blocks(index, after, m, spread);
  if (spread.pairs == 0) return {kUnknownSpread * std::fabs(watts) / std::sqrt(3.0), 1.96};
  return {std::sqrt(spread.squares / spread.pairs), student_t95(std::max(1, spread.degrees))};
}

// What of the difference of two levels is more than the scatter of their intervals explains. Of single intervals: a
// step of idle power within the quiet time is no scatter.
double beyond_noise(const EdgeIndex& index, const QuietSide& before, const QuietSide& after, double difference) {
  const double shortest_ns = std::min(before.interval_ns, after.interval_ns);
  const double sigma = block_noise(index, before, after, shortest_ns, before.watts).sigma;
  const double intervals =
      1 / (1 / static_cast<double>(before.intervals()) + 1 / static_cast<double>(after.intervals()));
  return std::sqrt(std::max(0.0, difference * difference - sigma * sigma / intervals));
}

double one_side(const EdgeIndex& index, const QuietSide& side) {
  if (!side.has_level()) return 0;
  const double half_ns = side.interval_ns * static_cast<double>(side.intervals()) / 2;
  const Noise noise = block_noise(index, side, {}, half_ns, side.watts);
  return noise.factor * noise.sigma;
}

}  // namespace

double student_t95(int degrees) noexcept {
  constexpr std::array<double, 12> kTable = {12.706, 4.303, 3.182, 2.776, 2.571, 2.447,
                                             2.365,  2.306, 2.262, 2.228, 2.201, 2.179};
  if (degrees < 1) degrees = 1;
  if (degrees <= static_cast<int>(kTable.size())) return kTable[static_cast<size_t>(degrees - 1)];
  const double v = degrees;  // Cornish-Fisher, within 0.001 from here on
  constexpr double z = 1.959964;
  return z + (z * z * z + z) / (4 * v) + (5 * std::pow(z, 5) + 16 * z * z * z + 3 * z) / (96 * v * v);
}

QuietSide quiet_side(const EdgeIndex& index, int64_t from, int64_t to) {
  QuietSide side;
  if (to <= from) return side;
  const auto begin = static_cast<size_t>(std::max<ptrdiff_t>(0, index.at_or_before(static_cast<double>(from))));
  const auto end = static_cast<size_t>(index.at_or_before(static_cast<double>(to)) + 1);
  const auto within = [&](size_t i) {
    return index.earliest(index.edge(i)) >= from && index.latest(index.edge(i)) <= to;
  };
  // Edges with a displaced accumulation only where there are too few others.
  size_t steady = 0;
  for (size_t i = begin; i < end; ++i) steady += within(i) && index.displacement(index.edge(i)) == 0 ? 1 : 0;
  for (size_t i = begin; i < end; ++i) {
    if (!within(i) || (steady >= kEnoughEdges && index.displacement(index.edge(i)) != 0)) continue;
    // Two edges at one instant have no power between them.
    if (!side.edges.empty() && mid_ns(index.edge(i)) <= mid_ns(index.edge(side.edges.back()))) continue;
    side.edges.push_back(i);
  }
  if (side.edges.size() < 2) return side;
  const double first = mid_ns(index.edge(side.edges.front()));
  const double last = mid_ns(index.edge(side.edges.back()));
  side.watts = theil_sen(index, side.edges);
  side.centre_ns = 0.5 * (first + last);
  side.interval_ns = (last - first) / static_cast<double>(side.intervals());
  return side;
}

IdleLine idle_line(const EdgeIndex& index, const QuietSide& before, const QuietSide& after, double from_ns,
                   double to_ns) {
  IdleLine line;
  const bool both = before.has_level() && after.has_level();
  line.known = before.has_level() || after.has_level();
  if (!line.known) return line;
  line.level_before = one_side(index, before);
  line.level_after = one_side(index, after);
  if (both) {
    const double at = (0.5 * (from_ns + to_ns) - before.centre_ns) / (after.centre_ns - before.centre_ns);
    line.watts = before.watts + (after.watts - before.watts) * std::clamp(at, 0.0, 1.0);
  } else {
    line.watts = before.has_level() ? before.watts : after.watts;
  }
  const Noise noise = block_noise(index, before, after, to_ns - from_ns, line.watts);
  // The guard's own mean varies by sigma, and so does each side's level.
  line.level = noise.factor * noise.sigma * std::sqrt(1 + (both ? 0.5 : 1.0));
  if (!both) {
    line.drift = kOneSidedDrift * std::fabs(line.watts);
    return line;
  }
  const double difference = std::fabs(after.watts - before.watts);
  line.drift = 0.5 * beyond_noise(index, before, after, difference);
  line.state_changed = difference > kStateChange * std::max(std::fabs(before.watts), std::fabs(after.watts)) &&
                       difference > kStateChangeSigmas * noise.sigma * std::sqrt(2.0);
  return line;
}

}  // namespace mj::energy
