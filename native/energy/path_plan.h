#pragma once

// From readings and windows to the events that the path's posterior is taken over: only what lies near an instant that
// is asked for can tell about it, so that a long window costs no more than a short one.
#include <cstdint>
#include <vector>

#include "energy/idle_blocks.h"
#include "energy/path_filter.h"
#include "energy/window.h"

namespace mj::energy {

// A stretch of time whose instants share readings. What lies in different ones has independent errors.
struct PathSegment {
  std::vector<PathEvent> events;
  std::vector<TimedEdge> edges;  // of the counter, as far as they are used here
  std::vector<QuietSpan> quiet;  // declared quiet, within this stretch
  double common_timing_s = 0;    // standard uncertainty that all instants of these edges share
  int64_t last_mark = 0;
};

struct PathMark {
  size_t segment = 0;
  size_t event = 0;
};

struct PathPlan {
  std::vector<PathSegment> segments;
  std::vector<PathMark> starts;  // one a window
  std::vector<PathMark> ends;
};

// The counter has edges, and no window ends before it begins.
// Samples further than this from all of the windows' ends are not used.
int64_t sample_reach_ns(const CounterTraits& counter, const SampleTraits& samples) noexcept;

PathPlan plan_paths(const CounterView& counter, const Span<Window>& windows);

}  // namespace mj::energy
