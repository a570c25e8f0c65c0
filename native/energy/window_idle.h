#pragma once

// The idle level around a window, from the edges in the quiet time declared on its sides.
#include <cstddef>
#include <vector>

#include "energy/window_bounds.h"

namespace mj::energy {

struct QuietSide {
  std::vector<size_t> edges;  // ascending
  double watts = 0;           // Theil-Sen slope; meaningful where there are two edges or more
  double centre_ns = 0;
  double interval_ns = 0;  // mean time from one edge to the next
  [[nodiscard]] size_t intervals() const noexcept { return edges.empty() ? 0 : edges.size() - 1; }
  [[nodiscard]] bool has_level() const noexcept { return intervals() > 0; }
};

// Edges certainly within [from, to].
QuietSide quiet_side(const EdgeIndex& index, int64_t from, int64_t to);

struct IdleLine {
  bool known = false;
  bool state_changed = false;
  double watts = 0;         // mean over the guard
  double level = 0;         // 95 % half-width of that mean, W, normal
  double drift = 0;         // half-width, W: the line may bend or be a step, or, from one side, slope
  double level_before = 0;  // half-widths for one side alone
  double level_after = 0;
};

// The line through both sides' levels, taken over the guard [from, to] (ns).
IdleLine idle_line(const EdgeIndex& index, const QuietSide& before, const QuietSide& after, double from_ns,
                   double to_ns);

// Two-sided 95 % point of Student's t.
double student_t95(int degrees) noexcept;

}  // namespace mj::energy
