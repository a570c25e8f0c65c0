#pragma once

// The phases of an inference one by one and together, in marked segments on the session's own thread: what the
// attribution tells apart afterwards.
#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "measure/progress.h"
#include "measure/time_log.h"
#include "ort/host_copies.h"
#include "ort/model_job.h"

namespace mj::measure {

// As src/phases/plan.ts counts them.
enum class Kind : int { kCopyIn, kCompute, kCopyOut, kWhole, kIdle };
constexpr size_t kParts = 3;         // of a whole inference: the first kinds
constexpr size_t kWorkingKinds = 4;  // all but idle

struct PhasesRequest {
  struct Segment {
    Kind kind = Kind::kIdle;
    int64_t length_ns = 0;  // it ends with the call that is then under way
  };
  std::vector<Segment> segments;
  size_t round = 1;                    // segments that belong together:
  int64_t budget_ns = 0;               // no further round is begun after this time
  uint64_t warmup = 0;                 // whole inferences
  ort::Place host = ort::Place::kCpu;  // where copies begin and end
};

// Begins where the one before it ended.
struct Segment {
  Kind kind = Kind::kIdle;
  int64_t end_ns = 0;
  uint64_t calls = 0;
};

class PhasesJob final : public ort::ModelJob, public Progressing {
 public:
  // The binding lies on the device.
  PhasesJob(std::shared_ptr<ort::Model> model, PhasesRequest request, std::shared_ptr<ort::Binding> binding)
      : ModelJob(std::move(model)), request_(std::move(request)), binding_(std::move(binding)) {}

  void interrupt() noexcept override;

  // Results, valid once the job has ended well.
  int64_t start_ns = 0;
  std::vector<Segment> segments;             // in the order of time
  std::vector<ort::OtherUse> others;         // of the device meanwhile
  std::array<TimeLog, kWorkingKinds> calls;  // durations by kind
  std::array<TimeLog, kParts> inside;        // of the parts of the whole inferences
  size_t bytes_in = 0;
  size_t bytes_out = 0;
  ort::Bindings bindings;  // outputs of the last run

 private:
  Status work() override;
  Status prepare(ort::HostCopies& copies);
  Status all_segments(const ort::HostCopies& copies);
  Status segment(const ort::HostCopies& copies, const PhasesRequest::Segment& planned, int64_t from_ns);
  Status call(const ort::HostCopies& copies, Kind kind, int64_t& now_ns);
  Status part(const ort::HostCopies& copies, Kind kind);
  Status compute();

  const PhasesRequest request_;
  const std::shared_ptr<ort::Binding> binding_;
  StopSignal abort_;
  int64_t began_ns_ = 0;
  uint64_t done_ = 0;
};

}  // namespace mj::measure
