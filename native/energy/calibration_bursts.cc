#include "energy/calibration_bursts.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/squares.h"
#include "energy/window_bounds.h"

namespace mj::energy {

namespace {

constexpr ptrdiff_t kEdgesBeside = 16;

void summarise(BurstKind& kind) {
  const auto n = static_cast<double>(kind.bursts.size());
  for (const BurstReading& burst : kind.bursts) {
    kind.mean_j += burst.caused.value / n;
    kind.length_s += seconds(burst.window.b - burst.window.a) / n;
  }
  for (const BurstReading& burst : kind.bursts) kind.sd_j += square(burst.caused.value - kind.mean_j);
  kind.sd_j = n > 1 ? std::sqrt(kind.sd_j / (n - 1)) : 0;
}

}  // namespace

CounterView around(const CounterView& counter, const Window& window) noexcept {
  const int64_t from = window.a - window.idle_before_ns;
  const int64_t to = window.b + window.idle_after_ns;
  const Span<Edge>& edges = counter.edges;
  const Edge* first =
      std::lower_bound(edges.begin(), edges.end(), from, [](const Edge& edge, int64_t at) { return edge.hi < at; });
  const Edge* last =
      std::lower_bound(first, edges.end(), to, [](const Edge& edge, int64_t at) { return edge.lo <= at; });
  first -= std::min(kEdgesBeside, first - edges.begin());
  last += std::min(kEdgesBeside, edges.end() - last);
  CounterView view = counter;
  view.edges = {first, static_cast<size_t>(last - first)};
  return view;
}

std::vector<BurstKind> read_bursts(const CounterView& counter, const Span<CalibrationBurst>& bursts) {
  std::map<double, BurstKind> kinds;
  for (const CalibrationBurst& burst : bursts) {
    const Estimate one = estimate(around(counter, burst.window), burst.window);
    if (one.caused.status == EstimateStatus::kSuspect || !std::isfinite(one.caused.value)) continue;
    if (!std::isfinite(one.idle.watts)) continue;
    BurstKind& kind = kinds[burst.kind_ms];
    kind.kind_ms = burst.kind_ms;
    kind.bursts.push_back({burst.window, one.caused, one.idle.watts});
  }
  std::vector<BurstKind> out;
  for (auto& [kind_ms, kind] : kinds) {
    summarise(kind);
    out.push_back(std::move(kind));
  }
  return out;
}

KindCount count_kinds(const Span<CalibrationBurst>& bursts) {
  std::map<double, size_t> counts;
  for (const CalibrationBurst& burst : bursts) {
    if (burst.kind_ms > 0) ++counts[burst.kind_ms];
  }
  KindCount out{counts.size(), counts.empty() ? 0 : counts.begin()->second};
  for (const auto& [kind_ms, count] : counts) out.rarest = std::min(out.rarest, count);
  return out;
}

std::vector<CalibrationBurst> half_of(const Span<CalibrationBurst>& bursts, bool odd) {
  std::map<double, size_t> seen;
  std::vector<CalibrationBurst> out;
  for (const CalibrationBurst& burst : bursts) {
    if ((seen[burst.kind_ms]++ % 2 != 0) == odd) out.push_back(burst);
  }
  return out;
}

QuietSpan quiet_after(const BurstReading& burst, const CounterTraits& traits) noexcept {
  const int64_t settled = burst.window.b + traits.decay_ns;
  return {settled, burst.window.b + burst.window.idle_after_ns, settled};
}

}  // namespace mj::energy
