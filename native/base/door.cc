#include "base/door.h"

#include <algorithm>
#include <chrono>

namespace mj {

Door::Guest::Guest(Door& door) : door_(door) {
  const std::lock_guard<std::mutex> lock(door_.mutex_);
  door_.guests_.push_back(this);
}

Door::Guest::~Guest() {
  const std::lock_guard<std::mutex> lock(door_.mutex_);
  auto& guests = door_.guests_;
  guests.erase(std::remove(guests.begin(), guests.end(), this), guests.end());
  const Guest* self = this;
  door_.owner_.compare_exchange_strong(self, nullptr);
  door_.changed_.notify_all();
}

// Either this sees that the door is closed, or the one who closes it sees that this is inside: both store first and
// then look, in the one order that all such stores have.
bool Door::Guest::enter(const Cancelled& cancelled) {
  while (true) {
    inside_.store(true);
    const Guest* owner = door_.owner_.load();
    if (owner == nullptr) break;
    std::unique_lock<std::mutex> lock(door_.mutex_);
    const bool mine = owner == this;
    if (!mine) inside_.store(false);
    door_.changed_.notify_all();
    door_.wait(lock, [&] { return cancelled() || (mine ? door_.others_out(*this) : door_.open_to(*this)); });
    if (cancelled()) {
      inside_.store(false);
      return false;
    }
    if (mine) break;
  }
  entries_.fetch_add(1, std::memory_order_relaxed);
  return true;
}

void Door::Guest::leave() noexcept {
  inside_.store(false);
  if (door_.owner_.load() != nullptr) door_.look_again();
}

bool Door::Guest::enter_alone(const Cancelled& cancelled) {
  {
    std::unique_lock<std::mutex> lock(door_.mutex_);
    door_.wait(lock, [&] { return cancelled() || door_.owner_.load() == nullptr; });
    if (cancelled()) return false;
    door_.owner_.store(this);
  }
  if (enter(cancelled)) return true;
  open();
  return false;
}

void Door::Guest::close() {
  const std::lock_guard<std::mutex> lock(door_.mutex_);
  door_.owner_.store(this);
}

void Door::Guest::open() {
  const std::lock_guard<std::mutex> lock(door_.mutex_);
  const Guest* self = this;
  door_.owner_.compare_exchange_strong(self, nullptr);
  door_.changed_.notify_all();
}

// Timed, because the C++ library of Red Hat 9 has no untimed wait of the kind that GCC 12 calls.
void Door::wait(std::unique_lock<std::mutex>& lock, const std::function<bool()>& condition) {
  while (!changed_.wait_for(lock, std::chrono::hours(1), condition)) {
  }
}

void Door::look_again() {
  // Under the lock, or the word would reach a waiter between its look and its wait.
  const std::lock_guard<std::mutex> lock(mutex_);
  changed_.notify_all();
}

bool Door::open_to(const Guest& guest) const noexcept {
  const Guest* owner = owner_.load();
  return owner == nullptr || owner == &guest;
}

bool Door::others_out(const Guest& guest) const noexcept {
  return std::none_of(guests_.begin(), guests_.end(),
                      [&guest](const Guest* other) { return other != &guest && other->inside(); });
}

}  // namespace mj
