#include "energy/path_filter.h"

#include <algorithm>
#include <cmath>

#include "test/check.h"
#include "test/counter_sim.h"

namespace {

using namespace mj::energy;
using mj::test::ms;
using mj::test::Random;

PathPrior board() {
  PathPrior prior;
  prior.dynamics.sensor_s = 0.013;
  prior.counter_sensed = true;
  prior.idle_w = 118;
  prior.idle_u = 30;
  prior.idle_flutter_w = 2.6;
  prior.work_w = 350;
  prior.work_u = 560;
  prior.work_flutter_w = 350;
  return prior;
}

PathEvent piece(int64_t at, bool quiet) {
  PathEvent event;
  event.at = at;
  event.kind = PathEventKind::kPiece;
  event.quiet = quiet;
  return event;
}

PathEvent mark(int64_t at) {
  PathEvent event;
  event.at = at;
  return event;
}

PathEvent reading(PathEventKind kind, int64_t at, double value, double u) {
  PathEvent event;
  event.at = at;
  event.kind = kind;
  event.value = value;
  event.value_u = u;
  return event;
}

// A burst from 500 to 540 ms, with an edge each 100 ms and a sample each `sample_ms`; 0: none.
std::vector<PathEvent> burst(Random& random, double sample_ms) {
  std::vector<PathEvent> events = {piece(0, true), mark(ms(500)), piece(ms(500), false), mark(ms(540)),
                                   piece(ms(540), true)};
  for (int k = 0; k <= 10; ++k) {
    events.push_back(reading(PathEventKind::kCounter, ms(100.0 * k + 37), 11.8 * k + (k > 5 ? 19 : 0), 0.1));
  }
  for (double t = 3; sample_ms > 0 && t < 1000; t += sample_ms) {
    events.push_back(reading(PathEventKind::kSample, ms(t), 118 + random.uniform(0, 3), 3));
  }
  std::stable_sort(events.begin(), events.end(), [](const PathEvent& a, const PathEvent& b) { return a.at < b.at; });
  return events;
}

std::vector<PathTerm> energy_between_marks(const std::vector<PathEvent>& events) {
  std::vector<PathTerm> terms;
  for (size_t i = 0; i < events.size(); ++i) {
    if (events[i].kind != PathEventKind::kMark) continue;
    PathTerm term{i, {}};
    term.weights[kEnergy] = terms.empty() ? -1 : 1;
    terms.push_back(term);
  }
  return terms;
}

TEST("path: a step taken in two halves is the same step") {
  PathDynamics dynamics;
  dynamics.sensor_s = 0.013;
  dynamics.idle_slope_w_s = 3;
  PathVector whole = {1, 118, 400, 30, 200};
  PathVector halves = whole;
  PathMatrix whole_covariance{};
  for (size_t i = 0; i < kPathStates; ++i) whole_covariance[i][i] = 1.0 + static_cast<double>(i);
  PathMatrix halves_covariance = whole_covariance;
  propagate(path_step(dynamics, 0.030, 50), whole, whole_covariance);
  propagate(path_step(dynamics, 0.012, 50), halves, halves_covariance);
  propagate(path_step(dynamics, 0.018, 50), halves, halves_covariance);
  for (size_t i = 0; i < kPathStates; ++i) {
    CHECK_NEAR(whole[i], halves[i], 1e-6 * std::max(1.0, std::fabs(whole[i])));
    for (size_t j = 0; j < kPathStates; ++j) {
      CHECK_NEAR(whole_covariance[i][j], halves_covariance[i][j], 1e-9 * (1 + std::fabs(whole_covariance[i][j])));
    }
  }
}

TEST("path: a sensor of the same time constant as what fluctuates is no special case") {
  PathDynamics dynamics;
  dynamics.sensor_s = dynamics.flutter_s;
  const PathStep same = path_step(dynamics, 0.02, 100);
  dynamics.sensor_s = 1.03 * dynamics.flutter_s;
  const PathStep near = path_step(dynamics, 0.02, 100);
  for (size_t i = 0; i < kPathStates; ++i) {
    for (size_t j = 0; j < kPathStates; ++j) {
      CHECK(std::isfinite(same.q[i][j]));
      CHECK_NEAR(same.q[i][j], near.q[i][j], 0.05 * std::fabs(near.q[i][j]) + 1e-12);
    }
  }
}

TEST("path: with the model fixed, a further reading never widens a functional") {
  Random random(5);
  for (int run = 0; run < 50; ++run) {
    std::vector<PathEvent> events = burst(random, run % 2 == 0 ? 20 : 0);
    double before = 1e12;
    for (int more = 0; more < 6; ++more) {
      const PathFilter filter(board(), events);
      const double variance = filter.value(energy_between_marks(events)).variance;
      CHECK(variance >= 0);
      CHECK_NEAR(std::max(variance, before), before, 1e-6 * before);
      before = variance;
      const bool counter = random.chance(0.5);
      const auto at = ms(random.uniform(1, 1000));
      events.push_back(reading(counter ? PathEventKind::kCounter : PathEventKind::kSample, at, 100, 0.5));
      std::stable_sort(events.begin() + 1, events.end(),
                       [](const PathEvent& a, const PathEvent& b) { return a.at < b.at; });
    }
  }
}

TEST("path: value and variance are those of the covariance, and the shares are all of it") {
  Random random(6);
  const std::vector<PathEvent> events = burst(random, 20);
  const PathFilter filter(board(), events);
  const auto terms = energy_between_marks(events);
  const PathValue value = filter.value(terms);
  CHECK_NEAR(filter.covariance(terms, terms), value.variance, 1e-9 * value.variance);
  double sum = 0;
  for (const double share : value.shares) sum += share;
  CHECK_NEAR(sum, value.variance, 1e-9 * value.variance);
}

TEST("path: the shares of readings are what an error of theirs does to the value") {
  Random random(7);
  std::vector<PathEvent> events = burst(random, 0);
  const auto terms = energy_between_marks(events);
  const double before = PathFilter(board(), events).value(terms).value;
  double variance = 0;
  for (PathEvent& event : events) {
    if (event.kind != PathEventKind::kCounter) continue;
    event.value += 1;
    const double weight = PathFilter(board(), events).value(terms).value - before;
    event.value -= 1;
    variance += weight * weight * event.value_u * event.value_u;
  }
  const PathShares shares = PathFilter(board(), events).value(terms).shares;
  CHECK_NEAR(shares[static_cast<size_t>(PathShare::kValue)], variance, 1e-6 * variance);
}

}  // namespace
