#pragma once

// When a counter took its values: each edge's instant with its standard uncertainty.
#include <cmath>
#include <cstdint>
#include <vector>

#include "energy/window.h"

namespace mj::energy {

// The regular instants that a counter updates at.
struct EdgeGrid {
  double origin_ns = 0;
  double period_ns = 0;
  double u_s = 0;  // standard uncertainty of the phase
  [[nodiscard]] double nearest_ns(double at_ns) const noexcept {
    return origin_ns + period_ns * std::round((at_ns - origin_ns) / period_ns);
  }
};

// Weighted least squares over the middles of the brackets. False where they are too few, or no grid is supposed.
bool fit_grid(const Span<Edge>& edges, const CounterTraits& traits, EdgeGrid& grid);

struct TimedEdge {
  int64_t at = 0;
  double timing_s = 0;        // standard uncertainty of the instant
  double displacement_s = 0;  // and of the accumulation, where the bracket says that it was displaced
  double joules = 0;
};

struct EdgeTiming {
  std::vector<TimedEdge> edges;
  double common_s = 0;  // standard uncertainty that all instants share: of the grid's phase
};

// A counter that updates on a grid is fitted one, and the fit used if every bracket admits it; else the middle of each
// bracket is taken. Edges that no instant can be told for are left out. `edges` ascending.
EdgeTiming time_edges(const Span<Edge>& edges, const CounterTraits& traits);

}  // namespace mj::energy
