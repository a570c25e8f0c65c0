#pragma once

// What the edges of a counter say about the energy up to one instant: bounds from conservation and from the limits
// of power, split by what they are due to. They belong to the instant, so they telescope over adjacent windows.
#include "energy/window.h"

namespace mj::energy {

constexpr double kSecondsPerNs = 1e-9;
// D is this many times the sensor's time constant: what an exponential tail still holds then is exp(-5) = 0.7 %.
constexpr double kDecayEfolds = 5;

inline double seconds(int64_t ns) noexcept { return static_cast<double>(ns) * kSecondsPerNs; }
inline double seconds(double ns) noexcept { return ns * kSecondsPerNs; }
inline double mid_ns(const Edge& edge) noexcept {
  return static_cast<double>(edge.lo) + 0.5 * static_cast<double>(edge.hi - edge.lo);
}

// One end of an interval, measured from the value and never negative, by what it is due to.
struct Reach {
  double cut = 0;
  double timing = 0;
  double displacement = 0;
  double tail = 0;
  [[nodiscard]] double total() const noexcept { return cut + timing + displacement + tail; }
};

// The counter's energy at an instant. below/above are infinite where nothing bounds it.
struct CutEnergy {
  double joules = 0;
  Reach below;
  Reach above;
  double watts = 0;           // mean power of the interval around it
  bool inconsistent = false;  // the edges around it contradict each other, or the limits of power
};

class EdgeIndex {
 public:
  EdgeIndex(const CounterView& counter, const Window& window);

  [[nodiscard]] const CounterTraits& traits() const noexcept { return traits_; }
  [[nodiscard]] const Edge& edge(size_t i) const noexcept { return edges_[i]; }
  [[nodiscard]] size_t size() const noexcept { return edges_.size; }

  // The last edge whose middle is at or before t; -1: none.
  [[nodiscard]] ptrdiff_t at_or_before(double t_ns) const noexcept;
  // How far the accumulation of this edge may lie outside its bracket.
  [[nodiscard]] int64_t displacement(const Edge& edge) const noexcept;
  [[nodiscard]] int64_t earliest(const Edge& edge) const noexcept { return edge.lo - displacement(edge); }
  [[nodiscard]] int64_t latest(const Edge& edge) const noexcept { return edge.hi + displacement(edge); }

  [[nodiscard]] CutEnergy cut(int64_t t) const noexcept;

 private:
  enum class Detail : uint8_t { kExact, kBracket, kDisplaced };
  struct Bounds {
    double lo;
    double hi;
  };
  [[nodiscard]] Bounds bounds(double t_ns, ptrdiff_t cell, Detail detail) const noexcept;
  [[nodiscard]] double interpolate(double t_ns, ptrdiff_t cell, double& watts) const noexcept;

  Span<Edge> edges_;
  CounterTraits traits_;
  double wide_bracket_ns_ = 0;
};

}  // namespace mj::energy
