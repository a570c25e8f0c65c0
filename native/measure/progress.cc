#include "measure/progress.h"

#include <utility>

#include "base/clock.h"

namespace mj::measure {

namespace {

constexpr int64_t kProgressPeriodNs = 100 * kNsPerMs;

}  // namespace

std::vector<Progress> Progressing::take_progress() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return std::exchange(progress_, {});
}

void Progressing::tell(const Progress& progress, int64_t now_ns, bool always) {
  if (!on_progress || (!always && now_ns - told_ns_ < kProgressPeriodNs)) return;
  told_ns_ = now_ns;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    progress_.push_back(progress);
  }
  on_progress();
}

}  // namespace mj::measure
