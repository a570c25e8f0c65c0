#pragma once

// A door that many pass at once until one closes it to the others: then it waits until they are out, and they until it
// opens. Passing an open door takes two stores and two loads.
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

namespace mj {

class Door {
 public:
  // One who passes, on one thread at a time. Others may look.
  class Guest {
   public:
    explicit Guest(Door& door);
    ~Guest();
    Guest(const Guest&) = delete;
    Guest& operator=(const Guest&) = delete;

    using Cancelled = std::function<bool()>;
    // False: cancelled while it had to wait, and not inside.
    bool enter(const Cancelled& cancelled);
    void leave() noexcept;
    // Closes the door to the others once nobody else has, and enters when they are out; `open` after `leave`.
    bool enter_alone(const Cancelled& cancelled);

    // Closes the door to the others without waiting for them: the next `enter` does. At most one at a time.
    void close();
    void open();

    // How often it has entered, and whether it is inside.
    [[nodiscard]] uint64_t entries() const noexcept { return entries_.load(std::memory_order_relaxed); }
    [[nodiscard]] bool inside() const noexcept { return inside_.load(); }

   private:
    friend class Door;
    Door& door_;
    std::atomic<bool> inside_{false};
    std::atomic<uint64_t> entries_{0};
  };

  Door() = default;
  Door(const Door&) = delete;
  Door& operator=(const Door&) = delete;

  // Whoever waits looks again whether it was cancelled.
  void look_again();

 private:
  void wait(std::unique_lock<std::mutex>& lock, const std::function<bool()>& condition);
  [[nodiscard]] bool open_to(const Guest& guest) const noexcept;
  [[nodiscard]] bool others_out(const Guest& guest) const noexcept;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<const Guest*> guests_;
  std::atomic<const Guest*> owner_{nullptr};
};

}  // namespace mj
