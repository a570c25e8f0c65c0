#include "energy/edge_predictor.h"

#include <algorithm>
#include <cmath>

#include "base/squares.h"

namespace mj::energy {

namespace {

constexpr double kMs = 1e6;
constexpr double kMinGuard = 1 * kMs;  // residuals of an H100's grid stay within 1.0 ms
constexpr double kGuardSigmas = 3;
constexpr double kJitter = 0.45 * kMs;      // sd of those residuals
constexpr double kPhaseNoise = 0.05 * kMs;  // drift allowed a period, so that the filter never falls asleep
constexpr double kFine = 2 * kMs;           // a guard up to this is worth two calls; a wider one is searched through
constexpr double kPollSpacing = 1 * kMs;    // of counters whose calls are fast
constexpr int kPatience = 3;                // contradictions in a row before the grid is looked for again
constexpr double kEagerPeriods = 2.5;       // polled without pause for so long, then four times a period

}  // namespace

EdgePredictor::EdgePredictor(int64_t nominal_period_ns)
    : nominal_(static_cast<double>(nominal_period_ns)), period_(nominal_) {}

double EdgePredictor::period_u_ns() const noexcept { return std::sqrt(std::max(0.0, period_variance_)); }

void EdgePredictor::resume(int64_t now) noexcept {
  if (mode_ == Mode::kTrack) {
    const double periods = std::floor((static_cast<double>(now) - edge_) / period_);
    const double sd = std::sqrt(edge_variance_ + square(periods) * period_variance_);
    // A phase still known after the pause is used; the value has moved on, so one read comes first.
    if (kGuardSigmas * sd < period_ / 8) {
      if (periods > 0) {
        edge_ += periods * period_;
        edge_variance_ += square(periods) * period_variance_;
        covariance_ += periods * period_variance_;
      }
      plan();
      next_read_ = now;
      return;
    }
  }
  acquire(now, Mode::kFindFirst);
}

void EdgePredictor::acquire(int64_t at, Mode mode) noexcept {
  mode_ = mode;
  next_read_ = at;
  polling_since_ = at;
  outside_ = 0;
}

void EdgePredictor::poll_again(int64_t t_before, int64_t t_after) noexcept {
  const double waited = static_cast<double>(t_after - polling_since_);
  const double spacing = waited < kEagerPeriods * nominal_ ? kPollSpacing : nominal_ / 4;
  next_read_ = std::max(t_after, t_before + static_cast<int64_t>(spacing));
}

void EdgePredictor::observe(int64_t t_before, int64_t t_after, bool changed, int64_t bracket_lo) noexcept {
  const double took = static_cast<double>(t_after - t_before);
  // Long calls are rare and must not move the schedule of the others.
  call_ = call_ == 0 ? took : call_ + 0.1 * (std::min(took, 4 * call_) - call_);
  const double lo = static_cast<double>(bracket_lo);
  const double hi = static_cast<double>(t_after);

  if (!changed) {
    if (mode_ != Mode::kTrack) {
      poll_again(t_before, t_after);
    } else {
      not_yet(t_before, t_after);
    }
    return;
  }

  const double middle = (lo + hi) / 2;
  const double sd = (hi - lo) / std::sqrt(12.0);
  const bool narrow = hi - lo <= std::max(nominal_ / 4, 3 * call_);
  switch (mode_) {
    case Mode::kFindFirst:
      // A bracket from before the polling began says little; the next one will be narrow.
      if (!narrow) {
        acquire(t_after, Mode::kFindFirst);
        return;
      }
      edge_ = middle;
      edge_variance_ = square(sd);
      if (period_known_) {
        begin_tracking(middle, sd, 0);
      } else {
        acquire(t_after, Mode::kFindSecond);
      }
      return;
    case Mode::kFindSecond:
      if (!narrow) {
        acquire(t_after, Mode::kFindFirst);
        return;
      }
      period_ = middle - edge_;
      period_variance_ = edge_variance_ + square(sd);
      period_known_ = true;
      begin_tracking(middle, sd, square(sd));
      return;
    case Mode::kTrack:
      found(lo, hi);
      return;
  }
}

void EdgePredictor::not_yet(int64_t t_before, int64_t t_after) noexcept {
  const double due = edge_ + period_;
  const auto after = static_cast<double>(t_after);
  if (after + guard_ + 2 * call_ < due) {
    plan();  // a read that was not meant for this update
    return;
  }
  if (after > due + period_ / 2) {
    ++missed_;
    acquire(t_after, Mode::kFindFirst);
    return;
  }
  if (!before_edge_) {
    before_edge_ = true;
    polling_since_ = t_after;
    if (!searching_) {
      next_read_ = std::max(t_after, static_cast<int64_t>(due + guard_));
      return;
    }
  } else {
    searching_ = true;
  }
  poll_again(t_before, t_after);
}

void EdgePredictor::begin_tracking(double edge, double sd, double covariance) noexcept {
  mode_ = Mode::kTrack;
  edge_ = edge;
  edge_variance_ = square(sd);
  covariance_ = covariance;
  outside_ = 0;
  plan();
}

void EdgePredictor::found(double lo, double hi) noexcept {
  // The newest update that the bracket can hold: more than one may have passed unseen.
  const double periods = std::max(0.0, std::floor((hi - edge_ + guard_) / period_));
  if (periods > 1) missed_ += static_cast<uint64_t>(periods) - 1;
  edge_ += periods * period_;
  edge_variance_ += 2 * periods * covariance_ + square(periods) * period_variance_ + square(kPhaseNoise) * periods;
  covariance_ += periods * period_variance_;

  const bool admitted = edge_ >= lo && edge_ <= hi;
  outside_ = admitted ? 0 : outside_ + 1;
  if (before_edge_ && searching_) {
    correct((lo + hi) / 2 - edge_, square(hi - lo) / 12 + square(kJitter));
  } else if (!admitted) {
    // Bounded on one side only: it lies beyond that bound, nobody knows how far.
    const double beyond = (edge_ < lo ? lo : hi) - edge_;
    correct(beyond, square(kMinGuard));
    edge_variance_ += square(beyond);
  }
  // Two reads placed around the prediction always have it in their middle: they confirm it and measure nothing, so
  // that the doubt grows until the next search.
  if (outside_ > kPatience) {
    period_known_ = false;
    acquire(static_cast<int64_t>(hi), Mode::kFindFirst);
    return;
  }
  plan();
}

void EdgePredictor::correct(double residual, double variance) noexcept {
  const double gain_edge = edge_variance_ / (edge_variance_ + variance);
  const double gain_period = covariance_ / (edge_variance_ + variance);
  edge_ += gain_edge * residual;
  period_ += gain_period * residual;
  period_variance_ -= gain_period * covariance_;
  covariance_ *= 1 - gain_edge;
  edge_variance_ *= 1 - gain_edge;
}

void EdgePredictor::plan() noexcept {
  const double due_variance = edge_variance_ + 2 * covariance_ + period_variance_;
  // Doubled with each contradiction, up to where two reads could no longer tell the update from its neighbours.
  const double widened = std::max(kMinGuard, kGuardSigmas * std::sqrt(due_variance)) * std::pow(2.0, outside_);
  guard_ = std::min(widened, period_ / 4);
  searching_ = guard_ > kFine;
  before_edge_ = false;
  next_read_ = static_cast<int64_t>(edge_ + period_ - guard_ - call_);
}

}  // namespace mj::energy
