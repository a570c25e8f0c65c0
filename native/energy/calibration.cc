#include "energy/calibration.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/squares.h"
#include "energy/calibration_edges.h"
#include "energy/calibration_phase.h"
#include "energy/calibration_response.h"
#include "energy/calibration_ring.h"
#include "energy/window_bounds.h"
#include "energy/window_idle.h"

namespace mj::energy {

namespace {

constexpr size_t kFewestBursts = 20;
constexpr size_t kFewestKinds = 2;
constexpr double kLeastUpdates = 0.5;  // of those that the period leads to
// A kind whose mean is not this many standard errors above zero shows no energy.
constexpr double kClear = 5;
constexpr double kCovered = 0.95;
// Of the binomial distribution: fewer than at 5 % by chance of all bursts, at 1 % of one kind.
constexpr double kOfAll = 1.645;
constexpr double kOfKind = 2.326;
constexpr double kWidenStep = 1.05;
constexpr double kWidest = 10;

std::string text(const char* format, double a, double b = 0) {
  char buffer[200];
  std::snprintf(buffer, sizeof buffer, format, a, b);
  return buffer;
}

const BurstKind* sham_of(const std::vector<BurstKind>& kinds) {
  return !kinds.empty() && !(kinds.front().kind_ms > 0) ? &kinds.front() : nullptr;
}

// Empty: none.
std::string objection(const CounterView& counter, const Span<CalibrationBurst>& bursts) {
  const auto wrong = [](const CalibrationBurst& burst) {
    return !(burst.kind_ms >= 0) || !std::isfinite(burst.kind_ms);
  };
  if (std::any_of(bursts.begin(), bursts.end(), wrong)) return "A burst has no length.";
  if (counter.traits.period_ns <= 0) return "The counter's period is not known.";
  const KindCount count = count_kinds(bursts);
  if (count.kinds < kFewestKinds) {
    return text("Calibration needs bursts of %.0f lengths at least, and there are %.0f.", kFewestKinds,
                static_cast<double>(count.kinds));
  }
  const double length_ns = static_cast<double>(bursts.back().window.b - bursts[0].window.a);
  const double updates = length_ns / static_cast<double>(counter.traits.period_ns);
  if (static_cast<double>(counter.edges.size) < kLeastUpdates * updates) {
    return text("The counter's history holds %.0f updates of about %.0f.", static_cast<double>(counter.edges.size),
                updates);
  }
  if (count.rarest >= kFewestBursts) return "";
  return text("Calibration needs %.0f bursts of each length, and of one there are %.0f.", kFewestBursts,
              static_cast<double>(count.rarest));
}

// The same of one half of the bursts, once they are estimated.
std::string objection(const std::vector<BurstKind>& kinds, size_t expected) {
  size_t work = 0;
  for (const BurstKind& kind : kinds) {
    if (!(kind.kind_ms > 0)) continue;
    ++work;
    const auto n = static_cast<double>(kind.bursts.size());
    if (kind.bursts.size() < kFewestBursts / 4) {
      return text("All but %.0f of the bursts of %g ms are suspect.", n, kind.kind_ms);
    }
    if (!(kind.length_s > 0)) return text("The bursts of %g ms have no length.", kind.kind_ms);
    if (!(kind.mean_j > 0) || kind.mean_j < kClear * kind.sd_j / std::sqrt(n)) {
      return text("The counter shows no energy of the bursts of %g ms.", kind.kind_ms);
    }
  }
  return work < expected ? "All bursts of one length are suspect." : "";
}

void calibrate_response(const CounterView& counter, const std::vector<BurstKind>& kinds, CounterTraits& traits) {
  const std::optional<Response> response = find_response(counter, kinds);
  if (!response) return;
  traits.decay_ns = std::llround(kDecayEfolds * response->tau_s / kSecondsPerNs);
  traits.sensor_u = response->tau_u_s / response->tau_s;
  const double delay_s = std::fabs(response->delay_s) + std::sqrt(3.0) * response->delay_u_s;
  traits.counter_delay_ns = std::llround(delay_s / kSecondsPerNs);
}

void set_phase(const PhaseCurve& curve, CounterTraits& traits) {
  traits.phase_sensitivity = curve.sensitivity;
  traits.phase_reach_ns = std::llround(curve.reach_s / kSecondsPerNs);
}

Calibration figures_of(const CounterTraits& traits, const std::optional<RingCalibration>& ring) {
  Calibration out;
  out.period_ns = static_cast<double>(traits.period_ns);
  out.grid_jitter_ns = static_cast<double>(traits.grid_jitter_ns);
  out.quantum_j = traits.quantum_j;
  out.time_constant_ns = static_cast<double>(traits.decay_ns) / kDecayEfolds;
  out.time_constant_u = traits.sensor_u;
  out.mark_delay_ns = static_cast<double>(traits.mark_delay_ns + traits.counter_delay_ns);
  out.phase_sensitivity = traits.phase_sensitivity;
  out.phase_reach_ns = static_cast<double>(traits.phase_reach_ns);
  out.displacement_ns = static_cast<double>(traits.displacement_ns);
  out.idle_noise_w = traits.idle_noise_w;
  out.ring = ring;
  return out;
}

CalibrationKind tested(const BurstKind& kind) {
  CalibrationKind out;
  out.kind_ms = kind.kind_ms;
  out.mean_j = kind.mean_j;
  out.relative_scatter = kind.sd_j / kind.mean_j;
  out.count = out.held_back = kind.bursts.size();
  for (const BurstReading& burst : kind.bursts) {
    out.mean_relative_u += burst.caused.uncertainty / kind.mean_j / static_cast<double>(kind.bursts.size());
    if (burst.caused.lo <= kind.mean_j && kind.mean_j <= burst.caused.hi) ++out.held;
  }
  return out;
}

// Fewer than chance leaves of intervals that hold with 95 %.
bool too_few(size_t held, size_t count, double deviations) {
  const auto n = static_cast<double>(count);
  return static_cast<double>(held) < kCovered * n - deviations * std::sqrt(n * kCovered * (1 - kCovered));
}

void test(const CounterView& counter, const Span<CalibrationBurst>& odd, CalibrationResult& out) {
  out.kinds.clear();
  out.tested = out.held = 0;
  const std::vector<BurstKind> kinds = read_bursts(counter, odd);
  for (const BurstKind& kind : kinds) {
    if (!(kind.kind_ms > 0)) continue;
    out.kinds.push_back(tested(kind));
    out.tested += out.kinds.back().held_back;
    out.held += out.kinds.back().held;
  }
}

bool fails(const CalibrationResult& result) {
  return too_few(result.held, result.tested, kOfAll) ||
         std::any_of(result.kinds.begin(), result.kinds.end(),
                     [](const CalibrationKind& kind) { return too_few(kind.held, kind.held_back, kOfKind); });
}

bool covers(const CalibrationResult& result) {
  const auto enough = [](size_t held, size_t count) {
    return static_cast<double>(held) >= kCovered * static_cast<double>(count);
  };
  return enough(result.held, result.tested) && !fails(result);
}

// On the bursts that were held back: where too few of their intervals hold, the sensitivity to phase was taken too low.
void validate(CounterView& counter, const Span<CalibrationBurst>& odd, CalibrationResult& out) {
  test(counter, odd, out);
  if (!fails(out)) return;
  const double fitted = counter.traits.phase_sensitivity;
  while (!covers(out) && out.widened < kWidest) {
    out.widened *= kWidenStep;
    counter.traits.phase_sensitivity = out.widened * fitted;
    test(counter, odd, out);
  }
}

void add_fitted(const std::vector<BurstKind>& even, CalibrationResult& out) {
  for (CalibrationKind& kind : out.kinds) {
    for (const BurstKind& fitted : even) {
      if (fitted.kind_ms == kind.kind_ms) kind.count += fitted.bursts.size();
    }
  }
}

void set_sham(const CounterView& counter, const Span<CalibrationBurst>& bursts, CalibrationResult& out) {
  std::vector<CalibrationBurst> shams;
  std::copy_if(bursts.begin(), bursts.end(), std::back_inserter(shams),
               [](const CalibrationBurst& burst) { return !(burst.kind_ms > 0); });
  const std::vector<BurstKind> kinds = read_bursts(counter, {shams.data(), shams.size()});
  const BurstKind* sham = sham_of(kinds);
  if (sham == nullptr) return;
  out.sham.count = sham->bursts.size();
  out.sham.mean_j = sham->mean_j;
  if (sham->bursts.size() < 2) return;
  const auto n = static_cast<int>(sham->bursts.size());
  out.sham.uncertainty_j = student_t95(n - 1) * sham->sd_j / std::sqrt(n);
}

}  // namespace

CalibrationResult calibrate(const CounterView& counter, const Span<CalibrationBurst>& bursts) {
  CalibrationResult out;
  out.reason = objection(counter, bursts);
  if (!out.reason.empty()) return out;
  const std::vector<CalibrationBurst> even = half_of(bursts, false);
  const std::vector<CalibrationBurst> odd = half_of(bursts, true);
  CounterView view = counter;
  calibrate_grid(view.edges, view.traits);
  const Span<CalibrationBurst> fitted{even.data(), even.size()};
  // Without the ring first: what is supposed of it may be wrong.
  CounterView counter_only = view;
  counter_only.samples = {};
  std::vector<BurstKind> kinds = read_bursts(counter_only, fitted);
  out.reason = objection(kinds, count_kinds(bursts).kinds);
  if (!out.reason.empty()) return out;
  calibrate_response(view, kinds, view.traits);
  calibrate_quiet(view, kinds, view.traits);
  const std::optional<RingCalibration> ring = calibrate_ring(view, kinds);
  if (ring) {
    apply_calibration(*ring, view.sample_traits);
  } else {
    view.samples = {};
  }
  view.traits.phase_sensitivity = 0;
  kinds = read_bursts(view, fitted);
  out.reason = objection(kinds, count_kinds(bursts).kinds);
  if (!out.reason.empty()) return out;
  set_phase(phase_curve(kinds), view.traits);
  const Span<CalibrationBurst> held_back{odd.data(), odd.size()};
  out.reason = objection(read_bursts(view, held_back), count_kinds(bursts).kinds);
  if (!out.reason.empty()) return out;
  validate(view, held_back, out);
  add_fitted(kinds, out);
  set_sham(view, bursts, out);
  out.calibration = figures_of(view.traits, ring);
  return out;
}

}  // namespace mj::energy
