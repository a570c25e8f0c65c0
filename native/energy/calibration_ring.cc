#include "energy/calibration_ring.h"

#include <algorithm>
#include <cmath>

#include "base/squares.h"
#include "energy/calibration_response.h"
#include "energy/search_steps.h"
#include "energy/window_bounds.h"

namespace mj::energy {

namespace {

constexpr size_t kEnoughSamples = 100;
constexpr size_t kEnoughStretches = 3;
constexpr int64_t kStretchNs = 5'000'000'000;
constexpr double kEarliestS = -0.020;
constexpr double kLatestS = 0.060;
constexpr double kLagStepS = 0.0005;
constexpr double kTailS = 0.100;  // after a burst
// Two samples further apart than this many periods have others missing between them.
constexpr double kGap = 1.6;

double middle(const PowerSample& sample) noexcept {
  return static_cast<double>(sample.lo) + 0.5 * static_cast<double>(sample.hi - sample.lo);
}

const PowerSample* from_on(const Span<PowerSample>& samples, double at_ns) {
  return std::lower_bound(samples.begin(), samples.end(), at_ns,
                          [](const PowerSample& one, double at) { return middle(one) < at; });
}

double period_of(const Span<PowerSample>& samples) {
  std::vector<double> gaps;
  for (size_t i = 1; i < samples.size; ++i) gaps.push_back(seconds(middle(samples[i]) - middle(samples[i - 1])));
  const auto half = gaps.begin() + static_cast<ptrdiff_t>(gaps.size() / 2);
  std::nth_element(gaps.begin(), half, gaps.end());
  return *half;
}

// A sample beside a burst: what it shows above idle, and what the burst's mean power would be without a filter.
struct Beside {
  double at_s = 0;  // after the burst's start
  double length_s = 0;
  double burst_w = 0;
  double seen_w = 0;
};

std::vector<Beside> beside_bursts(const CounterView& counter, const std::vector<BurstKind>& kinds) {
  std::vector<Beside> out;
  for (const BurstKind& kind : kinds) {
    if (!(kind.kind_ms > 0)) continue;
    for (const BurstReading& burst : kind.bursts) {
      const Window& window = burst.window;
      const double length_s = seconds(window.b - window.a);
      const double end = static_cast<double>(window.b) + kTailS / kSecondsPerNs;
      for (const PowerSample* sample = from_on(counter.samples, static_cast<double>(window.a));
           sample != counter.samples.end() && middle(*sample) < end; ++sample) {
        out.push_back({seconds(middle(*sample) - static_cast<double>(window.a)), length_s, kind.mean_j / length_s,
                       sample->watts - burst.idle_w});
      }
    }
  }
  return out;
}

// Of the best amplitude with this lag.
double squares(const std::vector<Beside>& samples, double lag_s, double tau_s) {
  double xx = 0;
  double xy = 0;
  double yy = 0;
  for (const Beside& sample : samples) {
    const double x = sample.burst_w * shown_power(sample.at_s - lag_s, sample.length_s, tau_s);
    xx += x * x;
    xy += x * sample.seen_w;
    yy += square(sample.seen_w);
  }
  return xx > 0 ? yy - xy * xy / xx : yy;
}

double lag_of(const std::vector<Beside>& samples, double tau_s) {
  double lag = 0;
  double least = std::numeric_limits<double>::infinity();
  for (const double at : even_steps(kEarliestS, kLatestS, kLagStepS)) {
    const double sum = squares(samples, at, tau_s);
    if (sum >= least) continue;
    least = sum;
    lag = at;
  }
  return lag;
}

// Half the mean square of differences of neighbours in quiet time.
double noise_of(const CounterView& counter, const std::vector<BurstKind>& kinds, double lag_s, double period_s) {
  double sum = 0;
  int pairs = 0;
  for (const BurstKind& kind : kinds) {
    for (const BurstReading& burst : kind.bursts) {
      const QuietSpan span = quiet_after(burst, counter.traits);
      const double lag_ns = lag_s / kSecondsPerNs;
      // What is left of a tail that no filter of first order explains counts as noise; stamps may be early.
      const double from = static_cast<double>(span.from) + lag_ns;
      const PowerSample* last =
          from_on(counter.samples, static_cast<double>(span.to) + lag_ns - period_s / kSecondsPerNs);
      for (const PowerSample* sample = from_on(counter.samples, from) + 1; sample < last; ++sample) {
        sum += 0.5 * square(sample->watts - (sample - 1)->watts);
        ++pairs;
      }
    }
  }
  return pairs > 0 ? std::sqrt(sum / pairs) : 0;
}

// Of stamps off their lattice: the second difference of independent errors has six times their variance.
double stamp_jitter_of(const Span<PowerSample>& samples, double period_s) {
  double sum = 0;
  int count = 0;
  for (size_t i = 2; i < samples.size; ++i) {
    const double one = seconds(middle(samples[i - 1]) - middle(samples[i - 2]));
    const double two = seconds(middle(samples[i]) - middle(samples[i - 1]));
    if (one > kGap * period_s || two > kGap * period_s) continue;
    sum += square(two - one) / 6;
    ++count;
  }
  return count > 0 ? std::sqrt(sum / count) : 0;
}

// Trapezoids; NaN where samples are missing.
double integral(const Span<PowerSample>& samples, double from_ns, double to_ns, double period_s) {
  const PowerSample* sample = from_on(samples, from_ns);
  if (sample == samples.begin()) return std::numeric_limits<double>::quiet_NaN();
  double joules = 0;
  for (double at = from_ns; at < to_ns; ++sample) {
    if (sample == samples.end()) return std::numeric_limits<double>::quiet_NaN();
    const PowerSample& one = *(sample - 1);
    const double length = middle(*sample) - middle(one);
    if (seconds(length) > 2 * kGap * period_s) return std::numeric_limits<double>::quiet_NaN();
    const auto power = [&](double t) { return one.watts + (sample->watts - one.watts) * (t - middle(one)) / length; };
    const double until = std::min(to_ns, middle(*sample));
    joules += 0.5 * (power(at) + power(until)) * seconds(until - at);
    at = until;
  }
  return joules;
}

// Ratios of ring and counter over stretches between edges.
std::vector<double> ratios_of(const CounterView& counter, double lag_s, double period_s) {
  std::vector<double> out;
  const EdgeTiming timing = time_edges(counter.edges, counter.traits);
  const TimedEdge* from = nullptr;
  for (const TimedEdge& edge : timing.edges) {
    if (edge.displacement_s > 0) continue;
    if (from != nullptr && edge.at - from->at < kStretchNs) continue;
    if (from != nullptr) {
      const double lag_ns = lag_s / kSecondsPerNs;
      const double ring = integral(counter.samples, static_cast<double>(from->at) + lag_ns,
                                   static_cast<double>(edge.at) + lag_ns, period_s);
      const double joules = edge.joules - from->joules;
      if (std::isfinite(ring) && joules > 0) out.push_back(ring / joules);
    }
    from = &edge;
  }
  return out;
}

}  // namespace

std::optional<RingCalibration> calibrate_ring(const CounterView& counter, const std::vector<BurstKind>& kinds) {
  if (counter.samples.size < kEnoughSamples) return std::nullopt;
  const std::vector<Beside> beside = beside_bursts(counter, kinds);
  if (beside.size() < kEnoughSamples) return std::nullopt;
  const double tau_s = std::max(1e-6, seconds(counter.traits.decay_ns) / kDecayEfolds);
  const double period_s = period_of(counter.samples);
  const double lag_s = lag_of(beside, tau_s);
  const std::vector<double> ratios = ratios_of(counter, lag_s, period_s);
  if (ratios.size() < kEnoughStretches || !(period_s > 0)) return std::nullopt;
  const auto n = static_cast<double>(ratios.size());
  RingCalibration ring;
  ring.lag_ns = lag_s / kSecondsPerNs;
  ring.noise_w = noise_of(counter, kinds, lag_s, period_s);
  ring.stamp_jitter_ns = stamp_jitter_of(counter.samples, period_s) / kSecondsPerNs;
  ring.gain = 0;
  for (const double ratio : ratios) ring.gain += ratio / n;
  for (const double ratio : ratios) ring.gain_u += square(ratio / ring.gain - 1);
  ring.gain_u = std::sqrt(ring.gain_u / (n - 1));
  if (!(ring.gain > 0.5) || !(ring.gain < 2) || !(ring.noise_w > 0)) return std::nullopt;
  return ring;
}

}  // namespace mj::energy
