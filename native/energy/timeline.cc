#include "energy/timeline.h"

#include <algorithm>

namespace mj::energy {

namespace {

constexpr int64_t kThinnedEveryNs = kNsPerSecond;
constexpr size_t kThinnedCount = EdgeTimeline::kThinnedForNs / kThinnedEveryNs;
constexpr size_t kFaultCount = 256;
// Of reading at a window's pace: more than the brackets of a longer window's ends would matter to it.
constexpr int64_t kWindowTimeNs = 30 * kNsPerSecond;
constexpr int64_t kNever = std::numeric_limits<int64_t>::min();

size_t readings_in(int64_t history_ns, int64_t period_ns) {
  // A tenth more than fits, for readings that come early.
  return static_cast<size_t>(static_cast<double>(history_ns) / static_cast<double>(period_ns) * 1.1) + 16;
}

// Positions of the values that meet [from, to], with `beside` more on each side.
template <typename T>
std::pair<uint64_t, uint64_t> range(const Ring<T>& ring, int64_t from, int64_t to, uint64_t beside) {
  const uint64_t first = ring.partition_point([from](const T& value) { return value.hi < from; });
  const uint64_t last = ring.partition_point([to](const T& value) { return value.lo <= to; });
  const uint64_t oldest = ring.oldest();
  return {first > oldest + beside ? first - beside : oldest, std::min(last + beside, ring.end())};
}

}  // namespace

EdgeTimeline::EdgeTimeline(int64_t history_ns, int64_t shortest_period_ns, int64_t window_period_ns)
    : faults_(kFaultCount) {
  if (window_period_ns > 0) {
    levels_.push_back(std::make_unique<Level>(readings_in(kWindowTimeNs, window_period_ns), 0));
    // A little less than the period, or a read that comes early would leave a hole of two.
    const int64_t usual = shortest_period_ns * 3 / 4;
    levels_.push_back(std::make_unique<Level>(readings_in(history_ns, usual), usual));
  } else {
    levels_.push_back(std::make_unique<Level>(readings_in(history_ns, shortest_period_ns), 0));
  }
  levels_.push_back(std::make_unique<Level>(kThinnedCount, kThinnedEveryNs));
}

size_t EdgeTimeline::bytes() const noexcept {
  size_t sum = faults_.bytes();
  for (const auto& level : levels_) sum += level->edges.bytes();
  return sum;
}

void EdgeTimeline::push(const Edge& edge) noexcept {
  for (const auto& level : levels_) {
    const bool thinned = level->every_ns > 0 && level->last_lo != kNever;
    if (thinned && edge.lo < level->last_lo + level->every_ns) continue;
    level->edges.push(edge);
    level->last_lo = edge.lo;
  }
  joules_.store(edge.joules, std::memory_order_relaxed);
  newest_lo_.store(edge.lo, std::memory_order_release);
}

void EdgeTimeline::hold(const Edge& hold) noexcept {
  held_.store(hold);
  newest_lo_.store(hold.lo, std::memory_order_release);
}

// What a finer level has dropped stands in the coarser one after it.
std::vector<Edge> EdgeTimeline::edges_between(int64_t from, int64_t to, size_t beside, uint64_t& lost) const {
  std::vector<Edge> found;
  int64_t covered_from = std::numeric_limits<int64_t>::max();
  for (const auto& level : levels_) {
    const Ring<Edge>& ring = level->edges;
    const bool finest = level == levels_.front();
    const auto [first, last] = range(ring, from, std::min(to, covered_from), beside);
    std::vector<Edge> here;
    lost += ring.copy(first, last, here);
    const auto later =
        std::find_if(here.begin(), here.end(), [covered_from](const Edge& edge) { return edge.lo >= covered_from; });
    here.erase(later, here.end());
    if (finest && last == ring.end()) append_hold(here);
    found.insert(found.begin(), here.begin(), here.end());
    if (!found.empty()) covered_from = found.front().lo;
    const bool dropped = ring.oldest() > 0 && first == ring.oldest();
    if (!dropped) break;
    if (level == levels_.back() && (found.empty() || found.front().lo > from)) ++lost;
  }
  return found;
}

void EdgeTimeline::append_hold(std::vector<Edge>& edges) const {
  Edge hold{};
  if (edges.empty() || !held_.load(hold)) return;
  // It may belong to an edge before or after the last one copied.
  if (hold.lo > edges.back().hi && hold.joules == edges.back().joules) edges.push_back(hold);
}

EdgeSnapshot EdgeTimeline::snapshot(int64_t from, int64_t to, size_t beside) const {
  EdgeSnapshot out;
  uint64_t lost = 0;
  out.edges = edges_between(from, to, beside, lost);

  const int64_t begin = out.edges.empty() ? from : std::min(from, out.edges.front().lo);
  const int64_t end = out.edges.empty() ? to : std::max(to, out.edges.back().hi);
  std::vector<FaultEvent> faults;
  faults_.copy(faults_.oldest(), faults_.end(), faults);
  for (const FaultEvent& fault : faults) {
    if (fault.at >= begin && fault.at <= end) out.faults.push_back(fault);
  }
  if (lost > 0) {
    const auto later =
        std::find_if(out.faults.begin(), out.faults.end(), [from](const auto& f) { return f.at > from; });
    out.faults.insert(later, {from, Fault::kHistoryLost});
  }
  return out;
}

PowerTimeline::PowerTimeline(int64_t history_ns, int64_t period_ns) : samples_(readings_in(history_ns, period_ns)) {}

void PowerTimeline::push(const PowerSample& sample) noexcept {
  samples_.push(sample);
  if (sample.watts > peak_w_.load(std::memory_order_relaxed)) peak_w_.store(sample.watts, std::memory_order_relaxed);
}

std::vector<PowerSample> PowerTimeline::snapshot(int64_t from, int64_t to) const {
  std::vector<PowerSample> out;
  const auto [first, last] = range(samples_, from, to, 1);
  samples_.copy(first, last, out);
  return out;
}

}  // namespace mj::energy
