#pragma once

// Who of this process uses a device, in whatever thread or Node environment: a session enters for each of its jobs; a
// measurement asks who else was at work, waits for its turn, and may keep the others out.
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/door.h"

namespace mj::ort {

class DeviceUse;

// One session on its device.
class DeviceUser {
 public:
  // `device`: the UUID, or the provider's name where it has none. `gpu`: graphs may be captured beside it.
  DeviceUser(const std::string& device, std::string name, bool gpu);
  ~DeviceUser();
  DeviceUser(const DeviceUser&) = delete;
  DeviceUser& operator=(const DeviceUser&) = delete;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }

 private:
  friend class DeviceUse;
  friend class AtWork;
  friend class Watch;
  friend class Turn;
  DeviceUse& device_;
  const std::string name_;
  const uint64_t id_;
  Door::Guest guest_;
  // While a graph is being captured no other thread of the process may allocate, copy or wait on a GPU: ONNX Runtime
  // captures in CUDA's global mode, in which that fails and spoils the graph.
  std::unique_ptr<Door::Guest> beside_captures_;
};

// While it lives, the session is at work on its device.
class AtWork {
 public:
  // Ending: what it frees must not meet a capture; nobody is kept waiting for it.
  enum class How : uint8_t { kUsual, kCapturing, kEnding };
  AtWork(DeviceUser& user, const Door::Guest::Cancelled& cancelled, How how = How::kUsual);
  ~AtWork();
  AtWork(const AtWork&) = delete;
  AtWork& operator=(const AtWork&) = delete;
  // False: cancelled while it waited.
  [[nodiscard]] bool entered() const noexcept { return entered_; }
  // Jobs that wait look again whether they were cancelled.
  static void look_again();

 private:
  DeviceUser& user_;
  const How how_;
  bool entered_ = false;
};

struct OtherUse {
  std::string name;  // of the session; empty: of sessions that have ended since
  uint64_t jobs = 0;
};

// Who else is at work from now on.
class Watch {
 public:
  explicit Watch(const DeviceUser& user);
  // Since it began, who was at work then included.
  [[nodiscard]] std::vector<OtherUse> others() const;

 private:
  struct Seen {
    uint64_t id;
    uint64_t entries;
    bool inside;
  };
  const DeviceUser& user_;
  std::vector<Seen> seen_;
  uint64_t ended_ = 0;
};

// Measurements of one device take turns, first come first served.
class Turn {
 public:
  // `granted` is called at most once, at once or later, on any thread, and holds on to what it needs. `exclusive`: the
  // device is closed to all other sessions then.
  Turn(std::shared_ptr<DeviceUser> user, bool exclusive, std::function<void()> granted);
  ~Turn();
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  friend class DeviceUse;
  static void grant(Turn* first, std::function<void()>& granted);
  const std::shared_ptr<DeviceUser> user_;
  const bool exclusive_;
  std::function<void()> granted_;
};

}  // namespace mj::ort
