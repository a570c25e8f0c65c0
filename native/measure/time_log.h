#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace mj::measure {

// Count, mean, sum of squares about it, least and greatest of what was added (Welford 1962).
struct Moments {
  uint64_t count = 0;
  double mean = 0;
  double squares = 0;
  double min = 0;
  double max = 0;

  void add(double value) noexcept {
    min = count == 0 ? value : std::min(min, value);
    max = count == 0 ? value : std::max(max, value);
    const double from_mean = value - mean;
    mean += from_mean / static_cast<double>(++count);
    squares += from_mean * (value - mean);
  }
};

// Durations in ns, in blocks that never move: where the count is not known beforehand, a new block is made between
// runs (`reserve`), not while one is timed. Memory is bounded: of more than `most` runs every second one is kept, of
// more than twice as many every fourth, and so on; the moments are those of all.
class TimeLog {
 public:
  static constexpr size_t kBlock = 1 << 16;
  static constexpr size_t kMost = 32 * kBlock;

  explicit TimeLog(size_t most = kMost) : most_(most) {}

  // Room for `count` more pushes without an allocation; to be called before each push.
  void reserve(size_t count = 1) {
    if (size_ == most_) thin();
    while (blocks_.size() * kBlock < std::min(size_ + count, most_))
      blocks_.push_back(std::make_unique<double[]>(kBlock));
  }

  void push(double ns) noexcept {
    if (moments_.count % every_ == 0) at(size_++) = ns;
    moments_.add(ns);
  }

  // Runs that were pushed, and those kept: the first and every `every`-th from it on.
  [[nodiscard]] uint64_t runs() const noexcept { return moments_.count; }
  [[nodiscard]] size_t size() const noexcept { return size_; }
  [[nodiscard]] uint64_t every() const noexcept { return every_; }
  [[nodiscard]] double operator[](size_t i) const noexcept { return blocks_[i / kBlock][i % kBlock]; }
  [[nodiscard]] const Moments& moments() const noexcept { return moments_; }

 private:
  double& at(size_t i) noexcept { return blocks_[i / kBlock][i % kBlock]; }

  void thin() noexcept {
    size_ = (size_ + 1) / 2;
    for (size_t i = 0; i < size_; ++i) at(i) = at(2 * i);
    every_ *= 2;
  }

  const size_t most_;
  std::vector<std::unique_ptr<double[]>> blocks_;
  size_t size_ = 0;
  uint64_t every_ = 1;
  Moments moments_;
};

}  // namespace mj::measure
