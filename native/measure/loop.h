#pragma once

// The synchronised loop: everything between the first warm-up run and the end of the quiet time after, on the
// session's own thread, so that no event loop stands between the marks and the work.
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "measure/time_log.h"
#include "ort/run_job.h"

namespace mj::measure {

struct LoopRequest {
  uint64_t warmup = 0;
  uint64_t repetitions = 0;  // 0: until min_duration_ns has passed
  int64_t min_duration_ns = 0;
  int64_t max_duration_ns = 0;  // 0: no bound
  int64_t idle_before_ns = 0;
  int64_t idle_after_ns = 0;
};

enum class Phase : int { kWarmup, kIdleBefore, kRunning, kIdleAfter };

struct Progress {
  Phase phase = Phase::kWarmup;
  uint64_t runs = 0;
  int64_t elapsed_ns = 0;
};

class LoopJob final : public ort::Job {
  std::shared_ptr<ort::Model> model_;  // first, so that it outlives the inputs that lie in its arena

 public:
  LoopJob(std::shared_ptr<ort::Model> model, const LoopRequest& request);

  void execute() noexcept override;
  void interrupt() noexcept override;

  // Called on the executor's thread, at most every 100 ms and when the phase changes; never in a timed run.
  std::function<void()> on_progress;
  // What has happened since the last call, oldest first; from any thread.
  std::vector<Progress> take_progress();

  ort::Bindings bindings;

  // Results, valid once the job has ended well.
  int64_t quiet_from_ns = 0;  // end of the warm-up
  int64_t start_ns = 0;
  int64_t end_ns = 0;
  int64_t quiet_until_ns = 0;
  TimeLog durations;

 private:
  Status loop();
  Status warm_up();
  Status timed_runs();
  Status run_once();
  Status sleep(Phase phase, int64_t duration_ns);
  void tell(Phase phase, uint64_t runs, int64_t now_ns, bool always);

  const LoopRequest request_;
  StopSignal abort_;
  int64_t told_ns_ = 0;
  int64_t began_ns_ = 0;
  std::mutex progress_mutex_;
  std::vector<Progress> progress_;
};

}  // namespace mj::measure
