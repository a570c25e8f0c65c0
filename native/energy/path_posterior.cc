#include "energy/path_posterior.h"

#include <algorithm>
#include <cmath>

#include "base/squares.h"
#include "energy/idle_blocks.h"
#include "energy/power_coverage.h"
#include "energy/window_bounds.h"

namespace mj::energy {

namespace {

// What is supposed of work: its level is anything up to the limit of power, and so is what fluctuates about it.
constexpr double kWorkLevel = 0.25;
constexpr double kWorkLevelU = 0.4;
constexpr double kWorkFlutter = 0.25;
constexpr double kUnknownLimitW = 1000;
// Weight of these suppositions against readings, as so many readings.
constexpr double kSupposedReadings = 4;
constexpr double kLeastFlutter = 0.02;
// What fluctuates faster than the counter can show is what matters between its updates.
constexpr double kFlutterPeriods = 0.1;
constexpr double kShortestFlutterS = 1e-3;
constexpr int kFlutterRounds = 2;
constexpr double kSurprise = 2.5;  // standard deviations
// [H100] 118 to 121 W from minute to minute within one idle state: the level wanders by 0.2 % a root second.
constexpr double kIdleWander = 0.002;
constexpr double kSupposedIdleNoise = 0.10;  // of the level, where the device's own is not known
// No reading is exact: two at one instant would contradict each other.
constexpr double kFinestJ = 1e-9;
constexpr double kFinestW = 1e-3;
constexpr double kShortestBlockS = 0.050;

// Between the first quiet stretch and the last: a drift that one stretch alone is too short to show. Two edges a side
// may show one where there is none: no more of it counts than stands out of its doubt (as Stein's estimator shrinks).
void find_slope(const QuietPower& first, const QuietPower& last, double noise_w, IdleNoise& out) {
  const auto variance = [noise_w](const QuietPower& power) {
    return square(power.watts() * power.timing_s / power.length_s) +
           square(noise_w) * mean_variance(kIdleNoiseS, power.length_s);
  };
  const double doubt = variance(first) + variance(last);
  const double rise_w = last.watts() - first.watts();
  if (square(rise_w) <= doubt) return;
  out.slope_w_s = (1 - doubt / square(rise_w)) * rise_w / (last.centre_s - first.centre_s);
}

IdleNoise idle_noise(const CounterView& counter, const PathSegment& segment, const PathDynamics& dynamics) {
  IdleNoise out;
  BlockNoise blocks;
  std::vector<QuietPower> powers;
  double joules = 0;
  double length_s = 0;
  for (const QuietSpan& span : segment.quiet) {
    const double block_s = std::max(kShortestBlockS, 5 * dynamics.flutter_s);
    const QuietPower power = add_blocks(segment.edges, span, block_s, blocks);
    if (!(power.length_s > 0)) continue;
    joules += power.joules;
    length_s += power.length_s;
    powers.push_back(power);
  }
  if (powers.empty()) return out;
  out.level_w = joules / length_s;
  out.level_u = 0.3 * std::fabs(out.level_w) + 1;
  // Known for one correlation time, it is as much as energy for another.
  const double known =
      counter.traits.idle_noise_w > 0 ? counter.traits.idle_noise_w : kSupposedIdleNoise * std::fabs(out.level_w);
  if (powers.size() >= 2) find_slope(powers.front(), powers.back(), known, out);
  const double supposed = known * std::sqrt(kIdleNoiseS / dynamics.flutter_s);
  double seen = 0;
  if (blocks.pairs > 0) {
    seen = blocks.variance / mean_variance(dynamics.flutter_s, blocks.block_s / blocks.pairs);
  }
  out.degrees = kSupposedReadings + blocks.pairs;
  out.flutter_w = std::sqrt((kSupposedReadings * square(supposed) + seen) / out.degrees);
  return out;
}

PathPrior supposed(const CounterView& counter, const PathSegment& segment, IdleNoise& idle) {
  PathPrior prior;
  prior.dynamics.sensor_s = seconds(counter.traits.decay_ns) / kDecayEfolds;
  prior.counter_sensed = prior.dynamics.sensor_s > 0;
  prior.dynamics.flutter_s = std::max(kShortestFlutterS, kFlutterPeriods * seconds(counter.traits.period_ns));
  idle = idle_noise(counter, segment, prior.dynamics);
  prior.idle_w = idle.level_w;
  prior.idle_u = idle.level_u;
  prior.idle_flutter_w = idle.flutter_w;
  prior.dynamics.idle_slope_w_s = idle.slope_w_s;
  prior.dynamics.idle_drift_w2_s = square(kIdleWander * idle.level_w);
  const double limit = counter.traits.max_power_w > 0 ? counter.traits.max_power_w : kUnknownLimitW;
  prior.work_w = kWorkLevel * limit;
  prior.work_u = kWorkLevelU * limit;
  prior.work_flutter_w = kWorkFlutter * limit;
  return prior;
}

// Of the counter: the larger of the mean powers beside the edge. Of a sensor: the steeper of the slopes beside the
// sample, which an exponential of the sensor's time constant exceeds at its start.
void rate_by_neighbours(std::vector<PathEvent>& events, PathEventKind kind, double sensor_s) {
  std::vector<PathEvent*> readings;
  for (PathEvent& event : events) {
    if (event.kind == kind) readings.push_back(&event);
  }
  for (size_t i = 1; i < readings.size(); ++i) {
    const double length_s = std::max(1e-6, seconds(readings[i]->at - readings[i - 1]->at));
    const double ratio = sensor_s > 0 ? length_s / sensor_s : 0;
    const double steeper = ratio > 0 ? ratio / -std::expm1(-ratio) : 1;
    const double rate = steeper * std::fabs(readings[i]->value - readings[i - 1]->value) / length_s;
    readings[i - 1]->rate = std::max(readings[i - 1]->rate, rate);
    readings[i]->rate = rate;
  }
}

// What is sensed at an event, where the readings before it tell.
double sensed(const PathFilter& filter, size_t event, const PathPrior& prior) {
  const PathVector& state = filter.state(event);
  const PathMatrix& covariance = filter.covariance_at(event);
  const bool sensor = prior.dynamics.sensor_s > 0;
  const double watts = sensor ? state[kSensed] : state[kIdle] + state[kWork] + state[kFlutter];
  const double variance = sensor ? covariance[kSensed][kSensed] : covariance[kWork][kWork];
  return variance < 0.25 * watts * watts ? std::fabs(watts) : 0;
}

// An accumulation may be displaced without a slow read to show it: a reading that surprises is given less weight, by no
// more than such a displacement explains.
void allow_displacement(const PathFilter::Innovation& seen, double displacement_s, PathEvent& event) {
  const double excess = square(seen.value) - square(kSurprise) * seen.variance;
  if (!(excess > 0) || !(event.rate > 0)) return;
  event.displacement_s = std::max(event.displacement_s, std::min(displacement_s, std::sqrt(excess) / event.rate));
}

void set_value_uncertainty(const CounterView& counter, const PathPrior& prior, std::vector<PathEvent>& events) {
  const double quantum = counter.traits.quantum_j / std::sqrt(12.0);
  const PowerCoverage coverage(counter);
  const SampleTraits& sensor = counter.sample_traits;
  for (PathEvent& event : events) {
    if (event.kind == PathEventKind::kCounter) {
      // The sensor's time constant is known so well, and so is what it holds back.
      const double held_back_w = std::max(0.0, event.rate - prior.idle_w);
      event.value_u = std::sqrt(square(quantum) + square(kFinestJ) + coverage.variance_at(event.at));
      event.kernel_u = counter.traits.sensor_u * prior.dynamics.sensor_s * held_back_w;
    } else if (event.kind == PathEventKind::kSample) {
      event.value_u = root_sum_square(root_sum_square(sensor.noise_w, kFinestW), sensor.gain_u * event.value);
      event.timing_s = seconds(sensor.stamp_jitter_ns);
    }
  }
}

}  // namespace

PathPosterior::PathPosterior(const CounterView& counter, const PathSegment& segment)
    : origin_j_(segment.edges.empty() ? 0 : segment.edges.front().joules),
      prior_(supposed(counter, segment, idle_)),
      filter_(take(counter, segment)) {}

double PathPosterior::work_degrees() const noexcept { return kSupposedReadings + filter_.work_surprise().count; }

double PathPosterior::power_beside(size_t event) const noexcept {
  const auto& events = filter_.events();
  double watts = 0;
  for (size_t i = event; i-- > 0;) {
    if (events[i].kind != PathEventKind::kCounter) continue;
    watts = events[i].rate;
    break;
  }
  for (size_t i = event; i < events.size(); ++i) {
    if (events[i].kind == PathEventKind::kCounter) return std::max(watts, events[i].rate);
  }
  return watts;
}

// Some rounds: what a reading is worth, and how much work fluctuates, are found from the readings.
PathFilter PathPosterior::take(const CounterView& counter, const PathSegment& segment) {
  std::vector<PathEvent> events = segment.events;
  for (PathEvent& event : events) {
    if (event.kind == PathEventKind::kCounter) event.value -= origin_j_;
  }
  if (counter.traits.filter_ns > 0) {
    const double filter_s = seconds(counter.traits.filter_ns) / std::sqrt(3.0);
    for (PathEvent& event : events) {
      if (event.kind == PathEventKind::kCounter) event.timing_s = root_sum_square(event.timing_s, filter_s);
    }
  }
  rate_by_neighbours(events, PathEventKind::kCounter, 0);
  rate_by_neighbours(events, PathEventKind::kSample, prior_.dynamics.sensor_s);
  set_value_uncertainty(counter, prior_, events);
  const double widest = prior_.work_flutter_w;
  PathFilter filter(prior_, events);
  for (int round = 0; round < kFlutterRounds; ++round) {
    const PathFilter::Surprise& surprise = filter.work_surprise();
    const double scale = std::sqrt((kSupposedReadings + surprise.squares) / (kSupposedReadings + surprise.count));
    prior_.work_flutter_w = std::clamp(prior_.work_flutter_w * scale, kLeastFlutter * widest, widest);
    for (size_t i = 0; i < events.size(); ++i) {
      if (events[i].kind != PathEventKind::kCounter) continue;
      events[i].rate = std::max(events[i].rate, sensed(filter, i, prior_));
      allow_displacement(filter.surprise_at(i), seconds(counter.traits.displacement_ns), events[i]);
    }
    set_value_uncertainty(counter, prior_, events);
    filter = PathFilter(prior_, events);
  }
  return filter;
}

}  // namespace mj::energy
