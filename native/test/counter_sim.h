#pragma once

// A counter with a known truth: a power profile whose integral is exact, seen through an energy counter that updates on
// a grid, is read in brackets, and lies in the ways that real ones were measured to lie.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "energy/power_counter.h"
#include "energy/samples.h"

namespace mj::test {

// splitmix64, so that every standard library gives the same numbers.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t next() noexcept {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31U);
  }
  double uniform() noexcept { return static_cast<double>(next() >> 11U) * 0x1p-53; }
  double uniform(double lo, double hi) noexcept { return lo + (hi - lo) * uniform(); }
  double normal() noexcept {
    constexpr double kTwoPi = 6.283185307179586;
    return std::sqrt(-2 * std::log(1 - uniform())) * std::cos(kTwoPi * uniform());
  }
  bool chance(double p) noexcept { return uniform() < p; }

 private:
  uint64_t state_;
};

inline int64_t ms(double value) noexcept { return static_cast<int64_t>(std::llround(value * 1e6)); }

// Piecewise constant power; the first piece reaches back for ever and the last one on for ever. With a time constant it
// also knows what a first-order sensor in front of the counter has let through.
class Profile {
 public:
  // `breaks` need not be sorted; `watts` is asked once for each piece, at its middle.
  Profile(std::vector<int64_t> breaks, const std::function<double(int64_t)>& watts, int64_t tau_ns = 0)
      : breaks_(std::move(breaks)), tau_s_(static_cast<double>(tau_ns) * 1e-9) {
    std::sort(breaks_.begin(), breaks_.end());
    breaks_.erase(std::unique(breaks_.begin(), breaks_.end()), breaks_.end());
    double joules = 0;
    double filtered = 0;
    for (size_t i = 0; i < breaks_.size(); ++i) {
      const bool last = i + 1 == breaks_.size();
      const int64_t length = last ? 0 : breaks_[i + 1] - breaks_[i];
      const double power = watts(last ? breaks_[i] : breaks_[i] + length / 2);
      if (i == 0) filtered = power;
      pieces_.push_back({power, joules, filtered});
      joules += power * static_cast<double>(length) * 1e-9;
      filtered = settle(filtered, power, length);
    }
  }

  [[nodiscard]] double energy(int64_t t) const noexcept {
    const size_t i = piece(t);
    return pieces_[i].joules + pieces_[i].watts * static_cast<double>(t - breaks_[i]) * 1e-9;
  }
  [[nodiscard]] double energy(int64_t a, int64_t b) const noexcept { return energy(b) - energy(a); }

  // What the filter lets through at t.
  [[nodiscard]] double filtered_power(int64_t t) const noexcept {
    const size_t i = piece(t);
    return settle(pieces_[i].filtered, pieces_[i].watts, t - breaks_[i]);
  }

  // For a first-order filter tau dF/dt = P - F, so the integral of F is that of P less tau times F's rise.
  [[nodiscard]] double filtered_energy(int64_t t) const noexcept {
    if (tau_s_ == 0) return energy(t);
    const size_t i = piece(t);
    const double now = settle(pieces_[i].filtered, pieces_[i].watts, t - breaks_[i]);
    return energy(t) - tau_s_ * (now - pieces_[0].filtered);
  }

 private:
  struct Piece {
    double watts;
    double joules;
    double filtered;
  };
  [[nodiscard]] size_t piece(int64_t t) const noexcept {
    const auto after = std::upper_bound(breaks_.begin(), breaks_.end(), t);
    return after == breaks_.begin() ? 0 : static_cast<size_t>(after - breaks_.begin() - 1);
  }
  [[nodiscard]] double settle(double from, double to, int64_t ns) const noexcept {
    if (tau_s_ == 0 || ns <= 0) return tau_s_ == 0 ? to : from;
    return to + (from - to) * std::exp(-static_cast<double>(ns) * 1e-9 / tau_s_);
  }

  std::vector<int64_t> breaks_;
  std::vector<Piece> pieces_;
  double tau_s_;
};

// Defaults: the measured H100, with its 100.002 ms grid and calls of 2.7 ms.
struct CounterSpec {
  double period_ms = 100.002;
  double jitter_ms = 0.45;  // of an update about its grid
  double quantum_j = 1e-3;
  double call_ms = 2.7;
  double displaced = 0.15;  // share of accumulations displaced by displacement_ms, either way
  double displacement_ms = 10;
  double announced = 1;    // share of those whose read was slow, so that the bracket shows it
  double sampling_ms = 0;  // it adds up samples of the power, so far apart and in step with its updates; 0: all of it
};

// Energy of a profile as a sum of samples of what its filter lets through, from `from` on.
class SampledEnergy {
 public:
  SampledEnergy(const Profile& profile, int64_t from, int64_t to, int64_t every) : from_(from), every_(every) {
    double joules = 0;
    for (int64_t t = from; t <= to + every; t += every) {
      joules += profile.filtered_power(t) * static_cast<double>(every) * 1e-9;
      sums_.push_back(joules);
    }
  }
  [[nodiscard]] double energy(int64_t t) const noexcept {
    const int64_t i = std::clamp<int64_t>((t - from_) / every_, 0, static_cast<int64_t>(sums_.size()) - 1);
    return sums_[static_cast<size_t>(i)];
  }

 private:
  int64_t from_;
  int64_t every_;
  std::vector<double> sums_;
};

inline std::vector<energy::Edge> observe(const Profile& profile, const CounterSpec& spec, int64_t from, int64_t to,
                                         Random& random) {
  std::vector<energy::Edge> edges;
  const int64_t phase = ms(spec.period_ms * random.uniform());
  double first = 0;
  // Half a sample off the updates, so that jitter moves none from one to the next.
  const bool sampled = spec.sampling_ms > 0;
  const SampledEnergy samples(profile, from + phase - ms(spec.period_ms) + ms(0.5 * spec.sampling_ms),
                              sampled ? to + ms(2 * spec.period_ms) : from, ms(sampled ? spec.sampling_ms : 1e3));
  for (int64_t k = 0;; ++k) {
    const int64_t grid = from + phase + ms(spec.period_ms * static_cast<double>(k));
    if (grid > to) break;
    const int64_t published = grid + ms(spec.jitter_ms * std::clamp(random.normal(), -2.2, 2.2));
    const bool displaced = random.chance(spec.displaced);
    const bool slow = displaced && random.chance(spec.announced);
    const double width = 2 * spec.call_ms * (slow ? random.uniform(2, 4) : random.uniform(0.96, 1.25));
    const double before = random.uniform();
    const auto shown = [&](int64_t t) { return sampled ? samples.energy(t) : profile.filtered_energy(t); };
    const int64_t accumulated =
        published + (displaced ? ms(random.chance(0.5) ? spec.displacement_ms : -spec.displacement_ms) : 0);
    const double total = std::floor(shown(accumulated) / spec.quantum_j) * spec.quantum_j;
    if (edges.empty()) first = total;
    edges.push_back({published - ms(width * before), published + ms(width * (1 - before)), total - first});
  }
  return edges;
}

// Defaults: the measured H100's ring of samples.
struct RingSpec {
  double period_ms = 20;
  double stamp_jitter_ms = 2;
  double lag_ms = 3;
  double noise_w = 2;
  double gain_u = 0.002;
  double gain = 1;
};

inline std::vector<energy::PowerSample> observe(const Profile& profile, const RingSpec& spec, int64_t from, int64_t to,
                                                Random& random) {
  std::vector<energy::PowerSample> samples;
  const double gain = spec.gain + spec.gain_u * random.normal();
  int64_t last = from;
  for (int64_t t = from + ms(spec.period_ms * random.uniform()); t < to; t += ms(spec.period_ms)) {
    const int64_t at = std::max(last + 1, t + ms(spec.stamp_jitter_ms * std::clamp(random.normal(), -3.0, 3.0)));
    const double watts = gain * profile.filtered_power(t - ms(spec.lag_ms)) + spec.noise_w * random.normal();
    samples.push_back({at, at, watts});
    last = at;
  }
  return samples;
}

// A power sensor that is polled: each period it shows the mean over its averaging before.
struct PowerSpec {
  energy::PowerKernel kernel;
  double poll_ms = 10;
  double noise_w = 1;
  double late_ms = 2;  // a poll comes so much later than planned at most, but for one in fifty, which comes 15 times so
};

inline std::vector<energy::PowerSample> observe(const Profile& profile, const PowerSpec& spec, int64_t from, int64_t to,
                                                Random& random) {
  std::vector<energy::PowerSample> readings;
  const int64_t period = spec.kernel.period_ns;
  const int64_t phase = from - ms(random.uniform(0, 1e-6 * static_cast<double>(period)));
  int64_t shown = std::numeric_limits<int64_t>::min();
  double watts = 0;
  for (int64_t t = from; t < to; t += ms(spec.poll_ms)) {
    const int64_t late = ms(spec.late_ms * random.uniform() * (random.chance(0.02) ? 15 : 1));
    const int64_t at = std::max(t + late, readings.empty() ? from : readings.back().hi);
    const int64_t update = (at - phase) / period * period + phase;
    if (update != shown) {
      const int64_t averaging = spec.kernel.averaging_ns;
      watts = profile.energy(update - averaging, update) / (static_cast<double>(averaging) * 1e-9);
      watts = std::round(1e3 * (watts + spec.noise_w * random.normal())) * 1e-3;
      shown = update;
    }
    readings.push_back({at, at + ms(0.001), watts});
  }
  return readings;
}

inline std::vector<energy::Edge> count_energy(const std::vector<energy::PowerSample>& readings,
                                              const energy::PowerKernel& kernel) {
  std::vector<energy::Edge> edges;
  energy::PowerCounter counter(kernel);
  for (const energy::PowerSample& reading : readings) {
    const auto outcome = counter.observe(reading);
    if (outcome.has_edge) edges.push_back(outcome.edge);
  }
  return edges;
}

// What a program gets that reads the counter at a and at b.
inline double plain_difference(const std::vector<energy::Edge>& edges, int64_t a, int64_t b) {
  const auto read = [&edges](int64_t t) {
    double joules = 0;
    for (const energy::Edge& edge : edges) {
      if (edge.lo + (edge.hi - edge.lo) / 2 <= t) joules = edge.joules;
    }
    return joules;
  };
  return read(b) - read(a);
}

}  // namespace mj::test
