#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <type_traits>
#include <vector>

namespace mj {

// A ring of fixed capacity with one writer, whose push never waits and never allocates, and any number of readers,
// who copy and then learn whether the writer has overtaken them (a sequence lock over the whole ring).
// Positions count from 0 for the life of the ring; position p lies in slot p % capacity.
template <typename T>
class Ring {
  static_assert(std::is_trivially_copyable_v<T>);
  static constexpr size_t kWords = (sizeof(T) + 7) / 8;
  using Words = std::array<uint64_t, kWords>;

 public:
  explicit Ring(size_t capacity)
      : capacity_(capacity > 0 ? capacity : 1), words_(new std::atomic<uint64_t>[capacity_ * kWords]()) {}

  [[nodiscard]] size_t capacity() const noexcept { return capacity_; }
  [[nodiscard]] size_t bytes() const noexcept { return capacity_ * kWords * sizeof(uint64_t); }

  void push(const T& value) noexcept {
    const uint64_t position = published_.load(std::memory_order_relaxed);
    // Each word is released after the claim, so a reader that acquires a new word also sees that it was overtaken.
    claimed_.store(position + 1, std::memory_order_relaxed);
    Words words{};
    std::memcpy(words.data(), &value, sizeof(T));
    std::atomic<uint64_t>* slot = &words_[(position % capacity_) * kWords];
    for (size_t i = 0; i < kWords; ++i) slot[i].store(words[i], std::memory_order_release);
    published_.store(position + 1, std::memory_order_release);
  }

  // Positions [oldest, end) can be read now.
  [[nodiscard]] uint64_t end() const noexcept { return published_.load(std::memory_order_acquire); }
  [[nodiscard]] uint64_t oldest() const noexcept {
    const uint64_t last = claimed_.load(std::memory_order_acquire);
    return last > capacity_ ? last - capacity_ : 0;
  }

  // False where the writer has overtaken this position.
  bool load(uint64_t position, T& out) const noexcept {
    const std::atomic<uint64_t>* slot = &words_[(position % capacity_) * kWords];
    Words words;
    for (size_t i = 0; i < kWords; ++i) words[i] = slot[i].load(std::memory_order_acquire);
    std::memcpy(static_cast<void*>(&out), words.data(), sizeof(T));
    return position >= oldest();
  }

  // The first position in [oldest, end) whose value is not `before(value)`; values must be ordered by it.
  template <typename Before>
  [[nodiscard]] uint64_t partition_point(Before before) const noexcept {
    uint64_t low = oldest();
    uint64_t high = end();
    while (low < high) {
      const uint64_t middle = low + (high - low) / 2;
      T value;
      // What has been overwritten was older than anything left.
      if (!load(middle, value) || before(value)) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  // Appends positions [from, to) that are still there; returns how many were not.
  uint64_t copy(uint64_t from, uint64_t to, std::vector<T>& out) const {
    uint64_t lost = 0;
    if (to > from) out.reserve(out.size() + static_cast<size_t>(to - from));
    for (uint64_t position = from; position < to; ++position) {
      T value;
      if (load(position, value)) {
        out.push_back(value);
      } else {
        ++lost;
      }
    }
    return lost;
  }

 private:
  const size_t capacity_;
  const std::unique_ptr<std::atomic<uint64_t>[]> words_;
  std::atomic<uint64_t> claimed_{0};
  std::atomic<uint64_t> published_{0};
};

}  // namespace mj
