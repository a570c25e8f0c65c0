#include "ort/exit_guard.h"

#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>

#include "base/clock.h"
#include "base/thread.h"

namespace mj::ort {

namespace {

constexpr int64_t kPollNs = kNsPerMs;

std::atomic<int> g_inside{0};
std::atomic<bool> g_exiting{false};
std::atomic<int> g_exit_code{0};

void pause_ns(int64_t ns) {
  const timespec time{0, static_cast<long>(ns)};
  nanosleep(&time, nullptr);
}

[[noreturn]] void leave(int status) {
  std::fflush(nullptr);
  _exit(status);
}

void before_destructors(int status, void*) {
  const int64_t deadline = monotonic_ns() + StoppableThread::kJoinDeadlineNs;
  while (g_inside.load() > 0) {
    if (monotonic_ns() > deadline) leave(status);
    pause_ns(kPollNs);
  }
}

}  // namespace

RuntimeUse::RuntimeUse(IfExiting if_exiting) noexcept {
  g_inside.fetch_add(1);
  if (!g_exiting.load()) return;
  g_inside.fetch_sub(1);
  entered_ = false;
  while (if_exiting == IfExiting::kStay) pause();
}

RuntimeUse::~RuntimeUse() {
  if (entered_) g_inside.fetch_sub(1);
}

void outlast(const std::atomic<int>& runs) noexcept {
  while (runs.load() > 0) {
    if (g_exiting.load()) leave(g_exit_code.load());
    pause_ns(kPollNs);
  }
}

void guard_exit(int exit_code) {
  g_exit_code.store(exit_code);
  // The handler registered last runs first, so it is registered as late as can be.
  if (!g_exiting.exchange(true)) on_exit(before_destructors, nullptr);
}

}  // namespace mj::ort
