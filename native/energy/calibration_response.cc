#include "energy/calibration_response.h"

#include <algorithm>
#include <cmath>

#include "base/squares.h"
#include "energy/search_steps.h"
#include "energy/window_bounds.h"

namespace mj::energy {

namespace {

constexpr double kShortestTauS = 2e-4;
constexpr double kLongestTauS = 0.2;
constexpr double kTauSteps = 1.19;  // of the first search
constexpr double kLongestDelayS = 0.020;
constexpr double kDelayStepS = 0.001;
constexpr int kRounds = 30;
constexpr int kHalvings = 10;
constexpr int kWeightRounds = 3;
constexpr double kOutlier = 4;         // standard deviations
constexpr double kLeastError = 0.002;  // of a share
constexpr size_t kFewestPoints = 10;
// Of its kind's mean: less of a burst than this says little of where in it an edge lay.
constexpr double kLeastShare = 0.3;
// A time constant that is known no better than this is not known.
constexpr double kWorstTauU = 0.5;
constexpr double kWorstTauS = 0.002;
// A delay that no filter explains shows that the counter is no filter of first order: a part of it is doubt of tau.
constexpr double kDoubtOfDelay = 0.5;

// An edge near a burst: how much of the burst's energy the counter showed by then.
struct Point {
  double at_s = 0;  // after the burst's start
  double length_s = 0;
  double share = 0;
  double timing_s = 0;
  double weight = 1;
};
using Points = std::vector<Point>;

void add_points(const CounterView& counter, const BurstReading& burst, double kind_j, Points& out) {
  const Window& window = burst.window;
  const int64_t decay = counter.traits.decay_ns;
  const EdgeTiming timing = time_edges(around(counter, window).edges, counter.traits);
  const TimedEdge* before = nullptr;
  const TimedEdge* after = nullptr;
  for (const TimedEdge& edge : timing.edges) {
    if (edge.displacement_s > 0) continue;
    if (edge.at <= window.a) before = &edge;
    if (edge.at < window.b + decay || edge.at > window.b + window.idle_after_ns) continue;
    after = &edge;
    if (edge.at >= window.b + 2 * decay) break;
  }
  if (before == nullptr || after == nullptr || before->at < window.a - window.idle_before_ns) return;
  const auto caused = [&](const TimedEdge& edge) {
    return edge.joules - before->joules - burst.idle_w * seconds(edge.at - before->at);
  };
  const double whole = caused(*after);
  if (!(whole > kLeastShare * kind_j)) return;
  for (const TimedEdge& edge : timing.edges) {
    if (edge.displacement_s > 0 || edge.at <= window.a || edge.at >= after->at) continue;
    out.push_back({seconds(edge.at - window.a), seconds(window.b - window.a), caused(edge) / whole, edge.timing_s});
  }
}

struct Fit {
  double tau_s = 0;
  double delay_s = 0;
  double squares = 0;
  double tau_variance = 0;  // for unit variance of a point
  double delay_variance = 0;
};

double model(const Point& point, double tau_s, double delay_s) noexcept {
  return shown_energy(point.at_s - delay_s, point.length_s, tau_s) / point.length_s;
}

// What the timing of its edge adds to a point's error.
double timing_variance(const Point& point, double tau_s, double delay_s) noexcept {
  return square(point.timing_s * shown_power(point.at_s - delay_s, point.length_s, tau_s) / point.length_s);
}

double squares(const Points& points, double tau_s, double delay_s) noexcept {
  double sum = 0;
  for (const Point& point : points) sum += point.weight * square(point.share - model(point, tau_s, delay_s));
  return sum;
}

Fit search(const Points& points) {
  Fit best;
  best.squares = std::numeric_limits<double>::infinity();
  const std::vector<double> delays = even_steps(-kLongestDelayS, kLongestDelayS, kDelayStepS);
  for (const double tau : geometric_steps(kShortestTauS, kLongestTauS, kTauSteps)) {
    for (const double delay : delays) {
      const double sum = squares(points, tau, delay);
      if (sum < best.squares) best = {tau, delay, sum, 0, 0};
    }
  }
  return best;
}

// Gauss and Newton from the best of a coarse search, each step halved until it is one down.
Fit fit(const Points& points) {
  Fit out = search(points);
  for (int round = 0; round < kRounds; ++round) {
    constexpr double kStepS = 1e-5;
    double tt = 0;
    double td = 0;
    double dd = 0;
    double rt = 0;
    double rd = 0;
    for (const Point& point : points) {
      const double here = model(point, out.tau_s, out.delay_s);
      const double by_tau = (model(point, out.tau_s + kStepS, out.delay_s) - here) / kStepS;
      const double by_delay = (model(point, out.tau_s, out.delay_s + kStepS) - here) / kStepS;
      tt += point.weight * square(by_tau);
      td += point.weight * by_tau * by_delay;
      dd += point.weight * square(by_delay);
      rt += point.weight * by_tau * (point.share - here);
      rd += point.weight * by_delay * (point.share - here);
    }
    const double determinant = tt * dd - td * td;
    if (!(determinant > 1e-12 * tt * dd)) return out;
    out.tau_variance = dd / determinant;
    out.delay_variance = tt / determinant;
    double part = 2;
    bool down = false;
    for (int halving = 0; halving < kHalvings && !down; ++halving) {
      part /= 2;
      const double tau = std::clamp(out.tau_s + part * (dd * rt - td * rd) / determinant, kShortestTauS, kLongestTauS);
      const double delay =
          std::clamp(out.delay_s + part * (tt * rd - td * rt) / determinant, -kLongestDelayS, kLongestDelayS);
      const double sum = squares(points, tau, delay);
      down = sum < out.squares;
      if (down) out = {tau, delay, sum, out.tau_variance, out.delay_variance};
    }
    if (!down) break;
  }
  return out;
}

// Of a point's error, what the timing of its edge does not explain is one variance for all points of a kind.
void weigh(const Fit& found, Points& points) {
  double unexplained = 0;
  for (const Point& point : points) {
    const double error = square(point.share - model(point, found.tau_s, found.delay_s));
    unexplained += std::max(0.0, error - timing_variance(point, found.tau_s, found.delay_s));
  }
  unexplained = std::max(square(kLeastError), unexplained / static_cast<double>(points.size()));
  for (Point& point : points) {
    point.weight = 1 / (unexplained + timing_variance(point, found.tau_s, found.delay_s));
  }
}

std::optional<Response> response_of(Points points) {
  if (points.size() < kFewestPoints) return std::nullopt;
  Fit found = fit(points);
  for (int round = 0; round < kWeightRounds; ++round) {
    weigh(found, points);
    found = fit(points);
    const auto end = std::remove_if(points.begin(), points.end(), [&](const Point& point) {
      return point.weight * square(point.share - model(point, found.tau_s, found.delay_s)) > square(kOutlier);
    });
    points.erase(end, points.end());
    if (points.size() < kFewestPoints) return std::nullopt;
  }
  const double birge = std::max(1.0, found.squares / static_cast<double>(points.size() - 2));
  const Response out{found.tau_s, std::sqrt(birge * found.tau_variance), found.delay_s,
                     std::sqrt(birge * found.delay_variance)};
  if (!(out.tau_u_s > 0) || !(out.delay_u_s > 0)) return std::nullopt;
  if (out.tau_u_s > std::max(kWorstTauS, kWorstTauU * out.tau_s)) return std::nullopt;
  return out;
}

// Weighted mean, and its standard uncertainty by Birge where the kinds disagree.
struct Common {
  double value = 0;
  double u = 0;
};

Common common(const std::vector<Response>& kinds, double Response::* value, double Response::* u) {
  double weights = 0;
  double sum = 0;
  for (const Response& kind : kinds) {
    weights += 1 / square(kind.*u);
    sum += kind.*value / square(kind.*u);
  }
  Common out{sum / weights, std::sqrt(1 / weights)};
  if (kinds.size() < 2) return out;
  double chi_square = 0;
  for (const Response& kind : kinds) chi_square += square((kind.*value - out.value) / kind.*u);
  out.u *= std::sqrt(std::max(1.0, chi_square / static_cast<double>(kinds.size() - 1)));
  return out;
}

}  // namespace

double shown_power(double at_s, double length_s, double tau_s) noexcept {
  const auto step = [tau_s](double s) { return s > 0 ? -std::expm1(-s / tau_s) : 0.0; };
  return step(at_s) - step(at_s - length_s);
}

double shown_energy(double at_s, double length_s, double tau_s) noexcept {
  const auto step = [tau_s](double s) { return s > 0 ? s + tau_s * std::expm1(-s / tau_s) : 0.0; };
  return step(at_s) - step(at_s - length_s);
}

// Each length by itself first: all have to show the same filter, and what scatters differs with the length.
std::optional<Response> find_response(const CounterView& counter, const std::vector<BurstKind>& kinds) {
  std::vector<Response> found;
  for (const BurstKind& kind : kinds) {
    if (!(kind.kind_ms > 0)) continue;
    Points points;
    for (const BurstReading& burst : kind.bursts) add_points(counter, burst, kind.mean_j, points);
    if (const auto one = response_of(std::move(points))) found.push_back(*one);
  }
  if (found.empty()) return std::nullopt;
  const Common tau = common(found, &Response::tau_s, &Response::tau_u_s);
  const Common delay = common(found, &Response::delay_s, &Response::delay_u_s);
  return Response{tau.value, root_sum_square(tau.u, kDoubtOfDelay * delay.value), delay.value, delay.u};
}

}  // namespace mj::energy
