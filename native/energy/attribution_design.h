#pragma once

// What a counter has seen of each kind of work by each of its edges.
#include <cstdint>
#include <vector>

#include "energy/dense.h"
#include "energy/edge_timing.h"

namespace mj::energy {

// A stretch of time that belongs to one column of the design.
struct Segment {
  int64_t from = 0;
  int64_t to = 0;
  size_t column = 0;
};

struct Seen {
  Matrix seconds;  // edges x columns: how much of a column's time the sensor has let through by the edge
  Matrix share;    // edges x columns: a column's part in what the sensor shows at the edge
};

// `segments` are adjacent and ascending, and no edge lies outside of them; before the first one its column is supposed
// to have lasted for ever. An edge may have been anywhere within its timing: what is expected then is the mean over
// that time, and not what belongs to its middle, whose error would draw all powers together.
Seen seen_at(const std::vector<TimedEdge>& edges, const std::vector<Segment>& segments, size_t columns,
             double sensor_s);

}  // namespace mj::energy
