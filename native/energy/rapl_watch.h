#pragma once

// Counters that lie: they exist and never move, move backwards, jump, or show another counter's value.
#include <vector>

#include "energy/rapl.h"

namespace mj::energy {

// Reads all counters together for some milliseconds (as long as it takes to see each of them move twice, at most 100
// ms, or three steps of a coarser one at 10 W) while the calling thread keeps its CPU mostly busy, and says in
// `unsupported` what is wrong with those that cannot be relied on. Time in which the thread did not come to look does
// not count.
void watch_rapl(std::vector<RaplGroup>& groups);

}  // namespace mj::energy
