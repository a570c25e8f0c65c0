#pragma once

#include <cerrno>
#include <cstdint>
#include <ctime>

namespace mj {

constexpr int64_t kNsPerUs = 1'000;
constexpr int64_t kNsPerMs = 1'000'000;
constexpr int64_t kNsPerSecond = 1'000'000'000;

inline int64_t clock_ns(clockid_t id) noexcept {
  timespec t{};
  clock_gettime(id, &t);
  return static_cast<int64_t>(t.tv_sec) * kNsPerSecond + t.tv_nsec;
}

// The one time base of the project: process.hrtime() and Python's time.monotonic_ns() read the same clock.
inline int64_t monotonic_ns() noexcept { return clock_ns(CLOCK_MONOTONIC); }

inline int64_t thread_cpu_ns() noexcept { return clock_ns(CLOCK_THREAD_CPUTIME_ID); }

}  // namespace mj
