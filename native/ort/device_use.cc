#include "ort/device_use.h"

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>
#include <utility>

namespace mj::ort {

// One device: its sessions, and who waits for a turn. `users` and `turns` are guarded by the registry's mutex.
class DeviceUse {
 public:
  Door door;
  std::vector<DeviceUser*> users;
  std::deque<Turn*> turns;  // the first one has it
  uint64_t ended = 0;       // entries of users that are gone
};

namespace {

struct Registry {
  std::mutex mutex;
  std::map<std::string, DeviceUse> devices;  // of which there are as many as the machine has
  Door captures;
  uint64_t last_id = 0;
};

// Leaked: threads that are abandoned at the exit may still look.
Registry& registry() {
  static auto* one = new Registry();
  return *one;
}

DeviceUse& device_named(const std::string& name) {
  Registry& all = registry();
  const std::lock_guard<std::mutex> lock(all.mutex);
  return all.devices[name];
}

uint64_t next_id() {
  Registry& all = registry();
  const std::lock_guard<std::mutex> lock(all.mutex);
  return ++all.last_id;
}

}  // namespace

DeviceUser::DeviceUser(const std::string& device, std::string name, bool gpu)
    : device_(device_named(device)), name_(std::move(name)), id_(next_id()), guest_(device_.door) {
  if (gpu) beside_captures_ = std::make_unique<Door::Guest>(registry().captures);
  const std::lock_guard<std::mutex> lock(registry().mutex);
  device_.users.push_back(this);
}

DeviceUser::~DeviceUser() {
  const std::lock_guard<std::mutex> lock(registry().mutex);
  auto& users = device_.users;
  users.erase(std::remove(users.begin(), users.end(), this), users.end());
  device_.ended += guest_.entries();
}

AtWork::AtWork(DeviceUser& user, const Door::Guest::Cancelled& cancelled, How how) : user_(user), how_(how) {
  if (how_ != How::kEnding && !user_.guest_.enter(cancelled)) return;
  Door::Guest* beside = user_.beside_captures_.get();
  entered_ = beside == nullptr || (how_ == How::kCapturing ? beside->enter_alone(cancelled) : beside->enter(cancelled));
  if (!entered_ && how_ != How::kEnding) user_.guest_.leave();
}

AtWork::~AtWork() {
  if (!entered_) return;
  if (Door::Guest* beside = user_.beside_captures_.get()) {
    beside->leave();
    if (how_ == How::kCapturing) beside->open();
  }
  if (how_ != How::kEnding) user_.guest_.leave();
}

void AtWork::look_again() {
  Registry& all = registry();
  all.captures.look_again();
  const std::lock_guard<std::mutex> lock(all.mutex);
  for (auto& [name, device] : all.devices) device.door.look_again();
}

Watch::Watch(const DeviceUser& user) : user_(user) {
  const std::lock_guard<std::mutex> lock(registry().mutex);
  ended_ = user.device_.ended;
  for (const DeviceUser* other : user.device_.users) {
    if (other == &user) continue;
    // In this order: who enters in between is seen inside or counted.
    const uint64_t entries = other->guest_.entries();
    seen_.push_back({other->id_, entries, other->guest_.inside()});
  }
}

std::vector<OtherUse> Watch::others() const {
  std::vector<OtherUse> out;
  const std::lock_guard<std::mutex> lock(registry().mutex);
  uint64_t since_ended = user_.device_.ended - ended_;
  for (const Seen& before : seen_) {
    const auto same = [&before](const DeviceUser* user) { return user->id_ == before.id; };
    const auto& users = user_.device_.users;
    const auto found = std::find_if(users.begin(), users.end(), same);
    if (found == users.end()) {
      since_ended -= before.entries - (before.inside ? 1 : 0);
      continue;
    }
    const uint64_t jobs = (*found)->guest_.entries() - before.entries + (before.inside ? 1 : 0);
    if (jobs > 0) out.push_back({(*found)->name_, jobs});
  }
  for (const DeviceUser* user : user_.device_.users) {
    const auto same = [user](const Seen& before) { return before.id == user->id_; };
    const bool known = user == &user_ || std::any_of(seen_.begin(), seen_.end(), same);
    if (!known && user->guest_.entries() > 0) out.push_back({user->name_, user->guest_.entries()});
  }
  if (since_ended > 0) out.push_back({"", since_ended});
  return out;
}

// With the registry's mutex held; what is to be called comes out, to be called without it.
void Turn::grant(Turn* first, std::function<void()>& granted) {
  if (first->exclusive_) first->user_->guest_.close();
  granted = std::exchange(first->granted_, nullptr);
}

Turn::Turn(std::shared_ptr<DeviceUser> user, bool exclusive, std::function<void()> granted)
    : user_(std::move(user)), exclusive_(exclusive), granted_(std::move(granted)) {
  std::function<void()> now;
  {
    const std::lock_guard<std::mutex> lock(registry().mutex);
    std::deque<Turn*>& turns = user_->device_.turns;
    turns.push_back(this);
    if (turns.front() == this) grant(this, now);
  }
  if (now) now();
}

Turn::~Turn() {
  std::function<void()> next;
  {
    const std::lock_guard<std::mutex> lock(registry().mutex);
    std::deque<Turn*>& turns = user_->device_.turns;
    const bool had_it = turns.front() == this;
    turns.erase(std::find(turns.begin(), turns.end(), this));
    if (had_it && exclusive_) user_->guest_.open();
    if (had_it && !turns.empty()) grant(turns.front(), next);
  }
  if (next) next();
}

}  // namespace mj::ort
