#pragma once

// What acquisition hands to estimation: plain samples on CLOCK_MONOTONIC. Neither side knows the other.
#include <cstddef>
#include <cstdint>

namespace mj::energy {

template <typename T>
struct Span {
  const T* data = nullptr;
  size_t size = 0;
  const T& operator[](size_t i) const noexcept { return data[i]; }
  const T* begin() const noexcept { return data; }
  const T* end() const noexcept { return data + size; }
  [[nodiscard]] bool empty() const noexcept { return size == 0; }
  [[nodiscard]] const T& back() const noexcept { return data[size - 1]; }
};

// An update of a cumulative counter: at some instant within [lo, hi] it took the value `joules`.
// For a counter found by polling, lo is the start of the last read of the old value and hi the end of the
// first read of the new one; for one that moves faster than it is read, hi is the end of the read and lo its
// start less one update period. `joules` counts from the first edge of the timeline and is already unwrapped.
// An edge that repeats the value of the one before it says that the counter had not moved by then: the energy there
// lies within one quantum above `joules`.
struct Edge {
  int64_t lo;
  int64_t hi;
  double joules;
};

// A power reading: the mean over the sensor's own averaging window, seen in [lo, hi].
struct PowerSample {
  int64_t lo;
  int64_t hi;
  double watts;
};

// What went wrong with a source, and from when.
enum class Fault : uint8_t {
  kNone,
  kReset,          // the counter restarted: energies across this instant are unknown
  kBackwards,      // it stepped back by less than a restart
  kJump,           // it stepped up by more than any power explains
  kAmbiguousWrap,  // it was not read for so long that it may have wrapped more than once
  kStuck,          // it stopped while it should have moved
  kLost,           // the device or the file went away
  kHistoryLost,    // samples fell out of the ring before they were used
  kClockStep,      // the driver's clock was set: its own stamps are void around here
};

struct FaultEvent {
  int64_t at;
  Fault fault;
};

}  // namespace mj::energy
