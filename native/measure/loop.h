#pragma once

// The synchronised loop: everything between the first warm-up run and the end of the quiet time after, on the
// session's own thread, so that no event loop stands between the marks and the work.
#include <cstdint>
#include <memory>
#include <vector>

#include "measure/progress.h"
#include "measure/time_log.h"
#include "ort/binding.h"

namespace mj::measure {

struct LoopRequest {
  uint64_t warmup = 0;
  uint64_t repetitions = 0;  // of each block; 0: until min_duration_ns has passed
  int64_t min_duration_ns = 0;
  int64_t max_duration_ns = 0;  // of a block; 0: no bound
  int64_t idle_before_ns = 0;
  int64_t idle_after_ns = 0;
  // Where in the counter's period each block begins, 0 to 1; empty: one block, begun when its quiet time has passed.
  std::vector<double> phases;
  int64_t period_ns = 0;  // counted from origin_ns
  int64_t origin_ns = 0;
  bool sham = false;      // each block is followed by one of its length in which nothing runs
  int64_t budget_ns = 0;  // no further block is begun that would end later than this after the warm-up; 0: no bound
};

// One window with its own quiet time on both sides.
struct Block {
  int64_t quiet_from_ns = 0;
  int64_t start_ns = 0;
  int64_t end_ns = 0;
  int64_t quiet_until_ns = 0;
  uint64_t runs = 0;        // 0: a sham
  uint64_t other_jobs = 0;  // of other sessions of the process on the device, the quiet times included
};

// The first instant of this phase of the counter's period at or after `earliest_ns`.
int64_t next_start(const LoopRequest& request, double phase, int64_t earliest_ns) noexcept;

class LoopJob final : public ort::ModelJob, public Progressing {
 public:
  // With a binding its inputs and outputs are used, and `bindings` receives the outputs at the end; without one the
  // tensors of `bindings` go in and come out in each run.
  LoopJob(std::shared_ptr<ort::Model> model, const LoopRequest& request, std::shared_ptr<ort::Binding> binding);

  void interrupt() noexcept override;

  ort::Bindings bindings;

  // Results, valid once the job has ended well.
  std::vector<Block> blocks;          // in the order of time
  TimeLog durations;                  // of all runs
  std::vector<ort::OtherUse> others;  // of all blocks

 private:
  Status work() override;
  Status warm_up();
  Status all_blocks();
  Status one_block(double phase, bool sham);
  Status timed_runs(Block& block);
  Status no_runs(Block& block, int64_t length_ns);
  Status run_once();
  void drop_outputs() noexcept;
  Status synchronise();
  void note_others(const ort::Watch& watch, Block& block);
  Status sleep_until(Phase phase, int64_t deadline_ns);
  void tell(Phase phase, uint64_t runs, int64_t now_ns, bool always);

  const LoopRequest request_;
  const std::shared_ptr<ort::Binding> binding_;
  StopSignal abort_;
  int64_t began_ns_ = 0;
};

}  // namespace mj::measure
