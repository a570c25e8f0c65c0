#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace mj::measure {

// Durations in ns, in blocks that never move: where the count is not known beforehand, a new block is made between
// runs (`reserve`), not while one is timed.
class TimeLog {
 public:
  static constexpr size_t kBlock = 1 << 16;

  // Room for `count` more pushes without an allocation.
  void reserve(size_t count = 1) {
    while (blocks_.size() * kBlock - size_ < count) blocks_.push_back(std::make_unique<double[]>(kBlock));
  }

  void push(double ns) noexcept {
    blocks_[size_ / kBlock][size_ % kBlock] = ns;
    ++size_;
  }

  [[nodiscard]] size_t size() const noexcept { return size_; }
  [[nodiscard]] double operator[](size_t i) const noexcept { return blocks_[i / kBlock][i % kBlock]; }

 private:
  std::vector<std::unique_ptr<double[]>> blocks_;
  size_t size_ = 0;
};

}  // namespace mj::measure
