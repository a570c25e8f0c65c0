#pragma once

#include <memory>
#include <string>
#include <vector>

#include "energy/rapl.h"

namespace mj::energy {

// A source over one group. `channels[i]` is of the group's domain i; those marked unsupported are not among the
// source's.
std::unique_ptr<Source> make_rapl_source(std::string name, RaplGroup group, std::vector<ChannelInfo> channels);

}  // namespace mj::energy
