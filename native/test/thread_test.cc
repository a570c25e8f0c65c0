#include "base/thread.h"

#include <atomic>

#include "test/check.h"

namespace {

using namespace mj;

TEST("thread: a sleeping thread wakes for the stop and is joined") {
  StoppableThread thread;
  auto ended = std::make_shared<std::atomic<bool>>(false);
  thread.start("sleeper", [ended](StopSignal& stop) {
    while (stop.sleep_until(monotonic_ns() + 3600 * kNsPerSecond)) {
    }
    *ended = true;
  });
  CHECK(thread.stop());
  CHECK(ended->load());
}

TEST("thread: one stuck in a foreign call is abandoned and its state outlives the owner") {
  struct Held {
    std::atomic<bool> go{false};
    std::atomic<bool> done{false};
  };
  auto held = std::make_shared<Held>();
  {
    StoppableThread thread;
    thread.start("stuck", [held](StopSignal&) {
      while (!held->go) std::this_thread::yield();
      held->done = true;
    });
    CHECK(!thread.stop(5 * kNsPerMs));
  }
  held->go = true;
  while (!held->done) std::this_thread::yield();
}

TEST("thread: stop twice, or before start, is nothing") {
  StoppableThread thread;
  CHECK(thread.stop());
  thread.start("short", [](StopSignal&) {});
  CHECK(thread.stop());
  CHECK(thread.stop());
}

}  // namespace
