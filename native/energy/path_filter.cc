#include "energy/path_filter.h"

#include <algorithm>
#include <cmath>

#include "base/clock.h"
#include "base/squares.h"

namespace mj::energy {

namespace {

// Level and fluctuation of a new piece are learned from its first readings, which cannot surprise.
constexpr int kReadingsToLearn = 2;

void forget(size_t state, double mean_w, double variance, PathVector& mean, PathMatrix& covariance) noexcept {
  for (size_t j = 0; j < kPathStates; ++j) covariance[state][j] = covariance[j][state] = 0;
  covariance[state][state] = variance;
  mean[state] = mean_w;
}

}  // namespace

// Follows Cov(functional, state) forwards: a mark adds to it, a reading takes away what it told.
class PathFilter::Row {
 public:
  Row(const PathFilter& filter, const std::vector<PathTerm>& terms) : filter_(filter), terms_(terms) {}

  [[nodiscard]] size_t first() const noexcept { return terms_.empty() ? filter_.steps_.size() : terms_.front().event; }

  // To the state just before event `i`; every event from `first()` on, in order.
  void advance_to(size_t i) noexcept {
    if (i == first()) return;
    const Step& step = filter_.steps_[i];
    row_ = step.advance.apply(row_);
    if (filter_.events_[i].kind == PathEventKind::kPiece) {
      row_[kWork] = row_[kFlutter] = 0;
    }
  }
  // The weights of the mark at event `i`, or nothing.
  [[nodiscard]] const PathVector* mark(size_t i) const noexcept {
    return next_ < terms_.size() && terms_[next_].event == i ? &terms_[next_].weights : nullptr;
  }
  void add_mark(size_t i) noexcept {
    const PathVector added = times(filter_.steps_[i].covariance, terms_[next_].weights);
    for (size_t j = 0; j < kPathStates; ++j) row_[j] += added[j];
    ++next_;
  }
  // Cov(functional, innovation) of the reading at event `i`, which is taken out of the row.
  double read(size_t i) noexcept {
    const Step& step = filter_.steps_[i];
    const double with = dot(row_, step.h);
    for (size_t j = 0; j < kPathStates; ++j) row_[j] -= with * step.gain[j];
    return with;
  }
  [[nodiscard]] const PathVector& row() const noexcept { return row_; }

 private:
  const PathFilter& filter_;
  const std::vector<PathTerm>& terms_;
  PathVector row_{};
  size_t next_ = 0;
};

PathFilter::PathFilter(const PathPrior& prior, std::vector<PathEvent> events)
    : events_(std::move(events)), steps_(events_.size()) {
  run(prior);
}

bool PathFilter::reads(size_t event) const noexcept {
  const PathEventKind kind = events_[event].kind;
  return kind == PathEventKind::kCounter || kind == PathEventKind::kSample;
}

void PathFilter::enter(const PathPrior& prior, bool quiet, PathVector& mean, PathMatrix& covariance) const noexcept {
  forget(kWork, quiet ? 0 : prior.work_w, quiet ? 0 : square(prior.work_u), mean, covariance);
  forget(kFlutter, 0, square(quiet ? prior.idle_flutter_w : prior.work_flutter_w), mean, covariance);
}

void PathFilter::run(const PathPrior& prior) {
  PathVector mean{};
  PathMatrix covariance{};
  bool quiet = true;
  int seen = 0;
  const bool sensor = prior.dynamics.sensor_s > 0;
  for (size_t i = 0; i < events_.size(); ++i) {
    Step& step = steps_[i];
    if (i == 0) {
      // Where the counter stood before is nobody's business: its first reading tells.
      constexpr double kAnyEnergyJ = 1e4;
      const double level = prior.idle_w + (events_[0].quiet ? 0 : prior.work_w);
      const double level_u = root_sum_square(prior.idle_u, events_[0].quiet ? 0 : prior.work_u);
      covariance[kEnergy][kEnergy] = kAnyEnergyJ * kAnyEnergyJ;
      mean[kIdle] = prior.idle_w;
      covariance[kIdle][kIdle] = prior.idle_u * prior.idle_u;
      mean[kSensed] = sensor ? level : 0;
      covariance[kSensed][kSensed] = sensor ? level_u * level_u : 0;
    } else {
      const double seconds = static_cast<double>(events_[i].at - events_[i - 1].at) * 1e-9;
      step.advance = path_step(prior.dynamics, seconds, quiet ? prior.idle_flutter_w : prior.work_flutter_w);
      propagate(step.advance, mean, covariance);
    }
    if (events_[i].kind == PathEventKind::kPiece) {
      quiet = events_[i].quiet;
      seen = 0;
      enter(prior, quiet, mean, covariance);
    }
    step.mean = mean;
    step.covariance = covariance;
    if (reads(i)) observe(prior, i, mean, covariance, quiet, seen);
  }
}

void PathFilter::observe(const PathPrior& prior, size_t event, PathVector& mean, PathMatrix& covariance, bool quiet,
                         int& seen) {
  const PathEvent& reading = events_[event];
  Step& step = steps_[event];
  if (reading.kind == PathEventKind::kCounter) {
    step.h[kEnergy] = 1;
    if (prior.counter_sensed) step.h[kSensed] = -prior.dynamics.sensor_s;
  } else if (prior.dynamics.sensor_s > 0) {
    step.h[kSensed] = 1;
  } else {
    step.h[kIdle] = step.h[kWork] = step.h[kFlutter] = 1;
  }
  step.timing_variance = square(reading.timing_s * reading.rate);
  step.displacement_variance = square(reading.displacement_s * reading.rate);
  step.value_variance = square(reading.value_u);
  step.kernel_variance = square(reading.kernel_u);
  const PathVector with = times(covariance, step.h);
  step.innovation_variance = dot(with, step.h) + step.timing_variance + step.displacement_variance +
                             step.value_variance + step.kernel_variance;
  step.innovation = reading.value - dot(step.h, mean);
  for (size_t i = 0; i < kPathStates; ++i) step.gain[i] = with[i] / step.innovation_variance;
  for (size_t i = 0; i < kPathStates; ++i) {
    mean[i] += step.gain[i] * step.innovation;
    for (size_t j = 0; j <= i; ++j) covariance[i][j] = covariance[j][i] = covariance[i][j] - step.gain[i] * with[j];
  }
  if (++seen <= kReadingsToLearn) return;
  Surprise& surprise = quiet ? quiet_ : work_;
  surprise.squares += step.innovation * step.innovation / step.innovation_variance;
  ++surprise.count;
}

PathValue PathFilter::value(const std::vector<PathTerm>& terms) const {
  PathValue out;
  Row row(*this, terms);
  std::vector<double> direct(events_.size());  // weights of the innovations that follow the marks
  for (size_t i = row.first(); i < events_.size(); ++i) {
    row.advance_to(i);
    while (const PathVector* weights = row.mark(i)) {
      out.value += dot(*weights, steps_[i].mean);
      out.variance += dot(*weights, times(steps_[i].covariance, *weights)) + 2 * dot(row.row(), *weights);
      row.add_mark(i);
    }
    if (!reads(i)) continue;
    const double with = row.read(i);
    direct[i] = with / steps_[i].innovation_variance;
    out.value += direct[i] * steps_[i].innovation;
    out.variance -= with * direct[i];
  }
  out.shares = shares(terms, direct, out.variance);
  return out;
}

double PathFilter::covariance(const std::vector<PathTerm>& f, const std::vector<PathTerm>& g) const {
  double sum = 0;
  Row rows[2] = {{*this, f}, {*this, g}};
  const size_t begin = std::min(rows[0].first(), rows[1].first());
  for (size_t i = begin; i < events_.size(); ++i) {
    for (Row& row : rows) {
      if (i >= row.first()) row.advance_to(i);
    }
    while (const PathVector* weights = rows[0].mark(i)) {
      sum += dot(rows[1].row(), *weights);
      rows[0].add_mark(i);
    }
    while (const PathVector* weights = rows[1].mark(i)) {
      sum += dot(rows[0].row(), *weights);
      rows[1].add_mark(i);
    }
    if (!reads(i)) continue;
    sum -= rows[0].read(i) * rows[1].read(i) / steps_[i].innovation_variance;
  }
  return sum;
}

// What each kind of reading error has of the variance: each reading's weight in the functional, by the adjoint of the
// filter, times the variance of its error. The rest is what the readings leave open.
PathShares PathFilter::shares(const std::vector<PathTerm>& terms, const std::vector<double>& direct,
                              double variance) const {
  PathShares out{};
  PathVector adjoint{};
  size_t term = terms.size();
  for (size_t i = events_.size(); i-- > 0;) {
    const Step& step = steps_[i];
    if (reads(i)) {
      const double weight = direct[i] + dot(step.gain, adjoint);
      // The innovation is the reading less its prediction: what is known before counts with the opposite sign.
      for (size_t j = 0; j < kPathStates; ++j) adjoint[j] -= weight * step.h[j];
      const double square = weight * weight;
      out[static_cast<size_t>(PathShare::kTiming)] += square * step.timing_variance;
      out[static_cast<size_t>(PathShare::kDisplacement)] += square * step.displacement_variance;
      out[static_cast<size_t>(PathShare::kKernel)] += square * step.kernel_variance;
      const bool counter = events_[i].kind == PathEventKind::kCounter;
      out[static_cast<size_t>(counter ? PathShare::kValue : PathShare::kSamples)] += square * step.value_variance;
    }
    while (term > 0 && terms[term - 1].event == i) {
      --term;
      for (size_t j = 0; j < kPathStates; ++j) adjoint[j] += terms[term].weights[j];
    }
    if (events_[i].kind == PathEventKind::kPiece) adjoint[kWork] = adjoint[kFlutter] = 0;
    adjoint = step.advance.apply_transposed(adjoint);
  }
  double told = 0;
  for (const double share : out) told += share;
  out[static_cast<size_t>(PathShare::kPath)] = std::max(0.0, variance - told);
  return out;
}

}  // namespace mj::energy
