#include "energy/window.h"

namespace mj::energy {

const char* status_name(EstimateStatus status) noexcept {
  switch (status) {
    case EstimateStatus::kOk:
      return "ok";
    case EstimateStatus::kBelowResolution:
      return "below-resolution";
    case EstimateStatus::kSuspect:
      return "suspect";
    case EstimateStatus::kUnsupported:
      break;
  }
  return "unsupported";
}

const char* cause_name(Cause cause) noexcept {
  switch (cause) {
    case Cause::kNone:
      break;
    case Cause::kCounterReset:
      return "counter-reset";
    case Cause::kCounterBackwards:
      return "counter-backwards";
    case Cause::kCounterStuck:
      return "counter-stuck";
    case Cause::kCounterJump:
      return "counter-jump";
    case Cause::kWrapAmbiguous:
      return "wrap-ambiguous";
    case Cause::kHistoryLost:
      return "history-lost";
    case Cause::kClockStep:
      return "clock-step";
    case Cause::kDeviceLost:
      return "device-lost";
    case Cause::kIdleStateChanged:
      return "idle-state-changed";
    case Cause::kOtherWork:
      return "other-work";
    case Cause::kNoUpdate:
      return "no-update";
    case Cause::kInconsistent:
      return "inconsistent";
  }
  return "";
}

const char* term_name(Term term) noexcept {
  switch (term) {
    case Term::kEdgeTiming:
      return "edge-timing";
    case Term::kAccumulation:
      return "accumulation";
    case Term::kCutInterval:
      return "cut-interval";
    case Term::kQuantum:
      return "quantum";
    case Term::kIdleLevel:
      return "idle-level";
    case Term::kIdleDrift:
      return "idle-drift";
    case Term::kKernel:
      return "kernel";
    case Term::kMarkDelay:
      return "mark-delay";
    case Term::kPhase:
      return "phase";
    case Term::kSamples:
      return "samples";
    case Term::kCoverage:
      return "coverage";
    case Term::kCount:
      break;
  }
  return "";
}

const char* term_distribution(Term term) noexcept {
  switch (term) {
    case Term::kCutInterval:
    case Term::kAccumulation:
    case Term::kEdgeTiming:
    case Term::kSamples:
    case Term::kQuantum:
    case Term::kKernel:
    case Term::kIdleLevel:
    case Term::kCoverage:
      return "normal";
    case Term::kIdleDrift:
    case Term::kMarkDelay:
    case Term::kPhase:
    case Term::kCount:
      break;
  }
  return "rectangular";
}

const char* term_origin(Term term) noexcept {
  switch (term) {
    case Term::kIdleLevel:
    case Term::kIdleDrift:
      return "idle";
    case Term::kKernel:
    case Term::kMarkDelay:
    case Term::kPhase:
      return "calibration";
    case Term::kEdgeTiming:
    case Term::kAccumulation:
    case Term::kCutInterval:
    case Term::kQuantum:
    case Term::kSamples:
    case Term::kCoverage:
    case Term::kCount:
      break;
  }
  return "edge";
}

}  // namespace mj::energy
