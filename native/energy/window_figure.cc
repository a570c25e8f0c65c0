#include "energy/window_figure.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace mj::energy {

namespace {

bool adds_linearly(Term term, bool drift_is_two_point) noexcept {
  if (term == Term::kIdleDrift) return drift_is_two_point;
  return std::strcmp(term_distribution(term), "two-point") == 0;
}

double combine(const TermArray& terms, bool drift_is_two_point) noexcept {
  double linear = 0;
  double squares = 0;
  for (size_t i = 0; i < kTermCount; ++i) {
    const double half_width = terms.all()[i];
    if (adds_linearly(static_cast<Term>(i), drift_is_two_point)) {
      linear += half_width;
    } else {
      squares += half_width * half_width;
    }
  }
  return linear + std::sqrt(squares);
}

void scale_to(TermArray& terms, double most, bool drift_is_two_point) noexcept {
  const double sum = combine(terms, drift_is_two_point);
  if (!(sum > most)) return;
  for (size_t i = 0; i < kTermCount; ++i) {
    double& term = terms[static_cast<Term>(i)];
    // An unbounded term says nothing once there is a bound: what is left of it is the bound.
    term = std::isinf(sum) ? (std::isinf(term) ? most : 0) : term * (most / sum);
  }
}

}  // namespace

double rectangular_sum(std::initializer_list<double> half_widths) noexcept {
  double sum = 0;
  double squares = 0;
  for (const double half : half_widths) {
    sum += half;
    squares += half * half;
  }
  return std::min(sum, 1.96 * std::sqrt(squares / 3));
}

void Spread::limit(double lo, double hi) noexcept {
  scale_to(below, std::max(0.0, value - lo), drift_is_two_point);
  if (std::isfinite(hi)) scale_to(above, std::max(0.0, hi - value), drift_is_two_point);
}

Figure figure_of(const Spread& spread, Cause cause) noexcept {
  const double below = combine(spread.below, spread.drift_is_two_point);
  const double above = combine(spread.above, spread.drift_is_two_point);
  if (!std::isfinite(below) || !std::isfinite(above) || !std::isfinite(spread.value)) {
    return no_figure(cause == Cause::kNone ? Cause::kNoUpdate : cause);
  }
  Figure figure;
  figure.cause = cause;
  figure.value = spread.value;
  figure.lo = spread.value - below;
  figure.hi = spread.value + above;
  figure.uncertainty = std::max(below, above);
  figure.terms = (above >= below ? spread.above : spread.below).all();
  if (cause != Cause::kNone) {
    figure.status = EstimateStatus::kSuspect;
  } else {
    const bool resolved = figure.value != 0 && figure.uncertainty <= 0.5 * std::fabs(figure.value);
    figure.status = resolved ? EstimateStatus::kOk : EstimateStatus::kBelowResolution;
  }
  return figure;
}

Figure middle_of(const EnergyBounds& bounds, Cause cause) noexcept {
  if (!std::isfinite(bounds.lo) || !std::isfinite(bounds.hi) || bounds.hi < bounds.lo) return no_figure(cause);
  Figure figure;
  figure.status = EstimateStatus::kSuspect;
  figure.cause = cause;
  figure.value = 0.5 * (bounds.lo + bounds.hi);
  figure.lo = bounds.lo;
  figure.hi = bounds.hi;
  figure.uncertainty = 0.5 * (bounds.hi - bounds.lo);
  figure.terms[static_cast<size_t>(Term::kCutInterval)] = figure.uncertainty;
  return figure;
}

Figure no_figure(Cause cause) noexcept {
  Figure figure;
  figure.status = EstimateStatus::kSuspect;
  figure.cause = cause;
  figure.value = figure.lo = figure.hi = figure.uncertainty = std::numeric_limits<double>::quiet_NaN();
  return figure;
}

}  // namespace mj::energy
