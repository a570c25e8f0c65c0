#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/status.h"
#include "base/thread.h"

namespace mj::energy {

// One thread that runs jobs once what they wait for has come, or at their deadline, whichever is first.
class Resolver {
 public:
  struct Job {
    int64_t deadline = 0;
    std::function<bool()> ready;
    // Not ok: cancelled, or the meter was closed.
    std::function<void(const Status&)> run;
  };

  Resolver();
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // After `close` the job is run at once with the status given there.
  uint64_t add(Job job);
  // The job then runs, on this thread, with the status; nothing where it has run already.
  void cancel(uint64_t id, const Status& status);
  void close(const Status& status);
  // For samplers: something new may be ready. One atomic load where nobody waits.
  [[nodiscard]] std::function<void()> waker() const;

 private:
  struct State;
  static void work(State& state, StopSignal& stop);

  const std::shared_ptr<State> state_;
  StoppableThread thread_;
};

}  // namespace mj::energy
