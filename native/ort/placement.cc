#include "ort/placement.h"

#include "ort/error.h"
#include "ort/library.h"

namespace mj::ort {

namespace {

Status read_node(const abi::EpNode* node, PlacedNode& placed) {
  const char* text = nullptr;
  MJ_ORT_RETURN(api().EpAssignedNode_GetName(node, &text));
  placed.name = text;
  MJ_ORT_RETURN(api().EpAssignedNode_GetOperatorType(node, &text));
  placed.op = text;
  return {};
}

}  // namespace

bool records_placement() noexcept { return api().Session_GetEpGraphAssignmentInfo != nullptr; }

Status read_placement(const abi::Session* session, std::vector<PlacedNode>& nodes) {
  const abi::EpSubgraph* const* subgraphs = nullptr;
  size_t count = 0;
  MJ_ORT_RETURN(api().Session_GetEpGraphAssignmentInfo(session, &subgraphs, &count));
  for (size_t i = 0; i < count; ++i) {
    const char* provider = nullptr;
    MJ_ORT_RETURN(api().EpAssignedSubgraph_GetEpName(subgraphs[i], &provider));
    const abi::EpNode* const* members = nullptr;
    size_t size = 0;
    MJ_ORT_RETURN(api().EpAssignedSubgraph_GetNodes(subgraphs[i], &members, &size));
    for (size_t j = 0; j < size; ++j) {
      PlacedNode placed;
      placed.provider = provider;
      if (Status status = read_node(members[j], placed); !status.ok()) return status;
      nodes.push_back(std::move(placed));
    }
  }
  return {};
}

}  // namespace mj::ort
