#pragma once

// From terms to an interval: the combination rules (docs/uncertainty.md, "Combination").
#include <array>
#include <initializer_list>

#include "energy/window.h"
#include "energy/window_faults.h"

namespace mj::energy {

// A 95 % half-width for the sum of independent rectangular errors of these half-widths, never too small:
// 1.96 standard deviations (what is left out, the missing tails of a rectangle, is on the safe side), and no more
// than the sum itself.
double rectangular_sum(std::initializer_list<double> half_widths) noexcept;

class TermArray {
 public:
  double& operator[](Term term) noexcept { return terms_[static_cast<size_t>(term)]; }
  double operator[](Term term) const noexcept { return terms_[static_cast<size_t>(term)]; }
  [[nodiscard]] const std::array<double, kTermCount>& all() const noexcept { return terms_; }

 private:
  std::array<double, kTermCount> terms_{};
};

// A value with the reach of each term below and above it.
struct Spread {
  double value = 0;
  TermArray below;
  TermArray above;
  bool drift_is_two_point = false;

  void both(Term term, double half_width) noexcept {
    below[term] = half_width;
    above[term] = half_width;
  }
  // Draws the ends into [lo, hi], all terms so far in proportion; the value stays where it is.
  void limit(double lo, double hi) noexcept;
};

Figure figure_of(const Spread& spread, Cause cause) noexcept;
Figure middle_of(const EnergyBounds& bounds, Cause cause) noexcept;
Figure no_figure(Cause cause) noexcept;

}  // namespace mj::energy
