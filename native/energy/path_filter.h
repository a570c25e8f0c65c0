#pragma once

// The posterior of a path of power, given readings: a Kalman filter, and linear functionals of the path carried through
// it. Pure functions; times are CLOCK_MONOTONIC.
#include <cstdint>
#include <vector>

#include "energy/path_model.h"

namespace mj::energy {

enum class PathEventKind : uint8_t {
  kPiece,    // from here on the device is quiet, or at work
  kMark,     // an instant whose energy is asked for
  kCounter,  // the counter took a value
  kSample,   // a power sensor showed a value
};

struct PathEvent {
  int64_t at = 0;
  PathEventKind kind = PathEventKind::kMark;
  bool quiet = false;         // kPiece
  double value = 0;           // kCounter: J; kSample: W
  double value_u = 0;         // standard uncertainties: of the value,
  double kernel_u = 0;        // of what the sensor had not shown yet,
  double timing_s = 0;        // of the instant,
  double displacement_s = 0;  // and of what was accumulated by then
  double rate = 0;            // of the value while it was read, W or W/s: what an error in time comes to
};

// What is supposed of the path before any reading.
struct PathPrior {
  PathDynamics dynamics;
  double idle_w = 0;
  double idle_u = 0;
  double idle_flutter_w = 0;
  double work_w = 0;
  double work_u = 0;
  double work_flutter_w = 0;
  bool counter_sensed = false;  // the counter adds up what the sensor lets through
};

// Shares of a variance, by what they are due to.
enum class PathShare : uint8_t { kTiming, kDisplacement, kValue, kKernel, kSamples, kPath, kCount };
using PathShares = std::array<double, static_cast<size_t>(PathShare::kCount)>;

// Weights of the states at one mark.
struct PathTerm {
  size_t event = 0;  // of a kMark
  PathVector weights{};
};

struct PathValue {
  double value = 0;
  double variance = 0;
  PathShares shares{};  // of the variance
};

class PathFilter {
 public:
  // `events` ascending in time, the first of them a kPiece.
  PathFilter(const PathPrior& prior, std::vector<PathEvent> events);

  // The functional with these terms, ascending in `event`.
  [[nodiscard]] PathValue value(const std::vector<PathTerm>& terms) const;
  [[nodiscard]] double covariance(const std::vector<PathTerm>& f, const std::vector<PathTerm>& g) const;

  [[nodiscard]] const std::vector<PathEvent>& events() const noexcept { return events_; }
  // Predicted state at an event, before its reading is used.
  [[nodiscard]] const PathVector& state(size_t event) const noexcept { return steps_[event].mean; }
  [[nodiscard]] const PathMatrix& covariance_at(size_t event) const noexcept { return steps_[event].covariance; }
  struct Innovation {
    double value = 0;
    double variance = 0;
  };
  [[nodiscard]] Innovation surprise_at(size_t event) const noexcept {
    return {steps_[event].innovation, steps_[event].innovation_variance};
  }
  // Sum of squared normalised innovations, and their number, of the readings within quiet pieces or outside of them.
  struct Surprise {
    double squares = 0;
    int count = 0;
  };
  [[nodiscard]] const Surprise& quiet_surprise() const noexcept { return quiet_; }
  [[nodiscard]] const Surprise& work_surprise() const noexcept { return work_; }

 private:
  struct Step {
    PathStep advance;  // from the event before to this one
    PathVector mean{};
    PathMatrix covariance{};
    // Of readings only.
    PathVector h{};
    PathVector gain{};
    double innovation = 0;
    double innovation_variance = 0;
    double timing_variance = 0;
    double displacement_variance = 0;
    double value_variance = 0;
    double kernel_variance = 0;
  };
  [[nodiscard]] bool reads(size_t event) const noexcept;
  void run(const PathPrior& prior);
  void observe(const PathPrior& prior, size_t event, PathVector& mean, PathMatrix& covariance, bool quiet, int& seen);
  void enter(const PathPrior& prior, bool quiet, PathVector& mean, PathMatrix& covariance) const noexcept;
  // Covariance of a functional with the state, event by event.
  class Row;
  [[nodiscard]] PathShares shares(const std::vector<PathTerm>& terms, const std::vector<double>& direct,
                                  double variance) const;

  std::vector<PathEvent> events_;
  std::vector<Step> steps_;
  Surprise quiet_;
  Surprise work_;
};

}  // namespace mj::energy
