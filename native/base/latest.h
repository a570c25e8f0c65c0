#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace mj {

// The last value that one writer has stored, for any number of readers: neither side waits for the other, and nobody
// sees half a value (a sequence lock).
template <typename T>
class Latest {
  static_assert(std::is_trivially_copyable_v<T>);
  static constexpr size_t kWords = (sizeof(T) + 7) / 8;

 public:
  void store(const T& value) noexcept {
    const uint64_t next = published_.load(std::memory_order_relaxed) + 1;
    // Each word is released after the claim, so a reader that acquires a new word also sees that it was overtaken.
    claimed_.store(next, std::memory_order_relaxed);
    std::array<uint64_t, kWords> words{};
    std::memcpy(words.data(), &value, sizeof(T));
    for (size_t i = 0; i < kWords; ++i) words_[i].store(words[i], std::memory_order_release);
    published_.store(next, std::memory_order_release);
  }

  // False where nothing has been stored yet.
  bool load(T& out) const noexcept {
    for (;;) {
      const uint64_t seen = published_.load(std::memory_order_acquire);
      if (seen == 0) return false;
      std::array<uint64_t, kWords> words;
      for (size_t i = 0; i < kWords; ++i) words[i] = words_[i].load(std::memory_order_acquire);
      if (claimed_.load(std::memory_order_acquire) != seen) continue;
      std::memcpy(static_cast<void*>(&out), words.data(), sizeof(T));
      return true;
    }
  }

 private:
  std::array<std::atomic<uint64_t>, kWords> words_{};
  std::atomic<uint64_t> claimed_{0};
  std::atomic<uint64_t> published_{0};
};

}  // namespace mj
