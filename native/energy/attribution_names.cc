#include "energy/attribution.h"

namespace mj::energy {

const char* attribution_status_name(AttributionStatus status) noexcept {
  switch (status) {
    case AttributionStatus::kOk:
      return "ok";
    case AttributionStatus::kBelowResolution:
      return "below-resolution";
    case AttributionStatus::kSuspect:
      return "suspect";
    case AttributionStatus::kNotIdentifiable:
      break;
  }
  return "not-identifiable";
}

const char* attribution_term_name(AttributionTerm term) noexcept {
  switch (term) {
    case AttributionTerm::kEdgeTiming:
      return "edge-timing";
    case AttributionTerm::kAccumulation:
      return "accumulation";
    case AttributionTerm::kQuantum:
      return "quantum";
    case AttributionTerm::kRepeats:
      return "repeats";
    case AttributionTerm::kKernel:
      return "kernel";
    case AttributionTerm::kMarkDelay:
      return "mark-delay";
    case AttributionTerm::kPhase:
      return "phase";
    case AttributionTerm::kConfounded:
      return "confounded";
    case AttributionTerm::kCount:
      break;
  }
  return "";
}

}  // namespace mj::energy
