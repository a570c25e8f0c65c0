#pragma once

// What a job on the session's thread tells of itself while it goes on.
#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

#include "base/status.h"

namespace mj::measure {

enum class Phase : int { kWarmup, kIdleBefore, kRunning, kIdleAfter, kSham };

struct Progress {
  Phase phase = Phase::kWarmup;
  uint64_t runs = 0;
  uint64_t blocks = 0;  // done
  int64_t elapsed_ns = 0;
};

// Of a job that was interrupted.
inline Status aborted() { return {Code::kAborted, "The measurement was aborted."}; }

class Progressing {
 public:
  // Called on the executor's thread, at most every 100 ms and when the phase changes; never in a timed run.
  std::function<void()> on_progress;
  // What has happened since the last call, oldest first; from any thread.
  std::vector<Progress> take_progress();

 protected:
  Progressing() = default;
  ~Progressing() = default;
  // `progress` as it is at `now_ns`; not `always`: unless something was told just before.
  void tell(const Progress& progress, int64_t now_ns, bool always);

 private:
  int64_t told_ns_ = 0;
  std::mutex mutex_;
  std::vector<Progress> progress_;
};

}  // namespace mj::measure
