#include "ort/tf32_override.h"

#include <cstdlib>
#include <memory>
#include <mutex>

namespace mj::ort {

namespace {

// Leaked: executor threads may outlive destructors.
std::mutex& note_mutex() {
  static auto* mutex = new std::mutex();
  return *mutex;
}
const Tf32Override* g_noted = nullptr;

Tf32Override current() {
  const char* value = std::getenv("NVIDIA_TF32_OVERRIDE");
  return value == nullptr ? Tf32Override{} : Tf32Override{true, value, false};
}

}  // namespace

Tf32Override tf32_override() {
  Tf32Override now = current();
  const std::lock_guard<std::mutex> lock(note_mutex());
  now.changed = g_noted != nullptr && (g_noted->set != now.set || g_noted->value != now.value);
  return now;
}

void note_tf32_override() {
  const std::lock_guard<std::mutex> lock(note_mutex());
  if (g_noted == nullptr) g_noted = new Tf32Override(current());
}

}  // namespace mj::ort
