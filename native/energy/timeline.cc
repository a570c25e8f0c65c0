#include "energy/timeline.h"

#include <algorithm>

#include "base/clock.h"

namespace mj::energy {

namespace {

constexpr int64_t kThinnedEveryNs = kNsPerSecond;
constexpr size_t kThinnedCount = size_t{4} * 3600;
constexpr size_t kFaultCount = 256;

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

EdgeTimeline::EdgeTimeline(int64_t history_ns, int64_t shortest_period_ns)
    : recent_(readings_in(history_ns, shortest_period_ns)), thinned_(kThinnedCount), faults_(kFaultCount) {}

void EdgeTimeline::push(const Edge& edge) noexcept {
  recent_.push(edge);
  if (last_thinned_ == std::numeric_limits<int64_t>::min() || edge.lo >= last_thinned_ + kThinnedEveryNs) {
    thinned_.push(edge);
    last_thinned_ = edge.lo;
  }
  joules_.store(edge.joules, std::memory_order_relaxed);
  newest_lo_.store(edge.lo, std::memory_order_release);
}

EdgeSnapshot EdgeTimeline::snapshot(int64_t from, int64_t to, size_t beside) const {
  EdgeSnapshot out;
  uint64_t lost = 0;
  const auto [first, last] = range(recent_, from, to, beside);
  std::vector<Edge> recent;
  lost += recent_.copy(first, last, recent);

  // What the full ring has dropped stands in the thinned one.
  const int64_t covered_from = recent.empty() ? std::numeric_limits<int64_t>::max() : recent.front().lo;
  const bool reaches_back = first > 0 && (recent.empty() || recent.front().hi >= from || first == recent_.oldest());
  if (reaches_back) {
    const auto [thin_first, thin_last] = range(thinned_, from, std::min(to, covered_from), beside);
    std::vector<Edge> thinned;
    lost += thinned_.copy(thin_first, thin_last, thinned);
    for (const Edge& edge : thinned) {
      if (edge.lo < covered_from) out.edges.push_back(edge);
    }
    if (thinned_.oldest() > 0 && (out.edges.empty() || out.edges.front().lo > from)) ++lost;
  }
  out.edges.insert(out.edges.end(), recent.begin(), recent.end());

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
