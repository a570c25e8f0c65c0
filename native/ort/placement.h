#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "ort/ort_abi.h"

namespace mj::ort {

// A node of the model after the basic optimisations, and the provider that took it.
struct PlacedNode {
  std::string provider;  // 'CPUExecutionProvider', as ONNX Runtime names it
  std::string name;
  std::string op;
};

// Whether the library records placements (from 1.24 on, for sessions made with kRecordPlacement).
bool records_placement() noexcept;
constexpr const char* kRecordPlacement = "session.record_ep_graph_assignment_info";

Status read_placement(const abi::Session* session, std::vector<PlacedNode>& nodes);

}  // namespace mj::ort
