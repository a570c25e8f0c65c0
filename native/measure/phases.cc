#include "measure/phases.h"

#include "base/clock.h"

namespace mj::measure {

void PhasesJob::interrupt() noexcept {
  abort_.stop();
  model_->terminate();
}

// The host's buffers go with it: page-locked memory is scarce, and must not outlive the session.
Status PhasesJob::work() {
  began_ns_ = monotonic_ns();
  ort::HostCopies copies;
  if (Status failed = prepare(copies); !failed.ok()) return failed;
  if (Status failed = all_segments(copies); !failed.ok()) return failed;
  return binding_->fetch(bindings.outputs);
}

Status PhasesJob::prepare(ort::HostCopies& copies) {
  tell({Phase::kWarmup, 0, 0, 0}, began_ns_, true);
  // An output of free shape has no memory before the first run.
  if (Status failed = compute(); !failed.ok()) return failed;
  if (Status failed = ort::HostCopies::make(*model_, *binding_, request_.host, copies); !failed.ok()) return failed;
  bytes_in = copies.bytes_in();
  bytes_out = copies.bytes_out();
  if (bytes_in == 0 || bytes_out == 0) {
    return {Code::kNotSupported,
            std::string("The model has no ") +
                (bytes_in == 0 ? "input that is copied to" : "output that is copied from") +
                " the device: text stays in the host's memory.",
            "Use session.measure."};
  }
  for (uint64_t i = 0; i < request_.warmup; ++i) {
    for (const Kind kind : {Kind::kCopyIn, Kind::kCompute, Kind::kCopyOut}) {
      if (Status failed = part(copies, kind); !failed.ok()) return failed;
    }
    const int64_t now = monotonic_ns();
    tell({Phase::kWarmup, i + 1, 0, now - began_ns_}, now, false);
  }
  return binding_->synchronise();
}

Status PhasesJob::all_segments(const ort::HostCopies& copies) {
  segments.reserve(request_.segments.size());
  const ort::Watch watch(*model_->user());
  start_ns = monotonic_ns();
  int64_t from = start_ns;
  for (size_t i = 0; i < request_.segments.size(); ++i) {
    if (i > 0 && i % request_.round == 0 && from - start_ns > request_.budget_ns) break;
    tell({Phase::kRunning, done_, segments.size(), from - began_ns_}, from, i == 0);
    if (Status failed = segment(copies, request_.segments[i], from); !failed.ok()) return failed;
    from = segments.back().end_ns;
  }
  others = watch.others();
  return {};
}

Status PhasesJob::segment(const ort::HostCopies& copies, const PhasesRequest::Segment& planned, int64_t from_ns) {
  Segment made;
  made.kind = planned.kind;
  const int64_t until = from_ns + planned.length_ns;
  if (planned.kind == Kind::kIdle) {
    if (!abort_.sleep_until(until)) return aborted();
  } else {
    int64_t now = from_ns;
    do {
      if (Status failed = call(copies, planned.kind, now); !failed.ok()) return failed;
      ++made.calls;
    } while (now < until);
    done_ += made.calls;
  }
  if (Status failed = binding_->synchronise(); !failed.ok()) return failed;
  made.end_ns = monotonic_ns();
  segments.push_back(made);
  return {};
}

Status PhasesJob::call(const ort::HostCopies& copies, Kind kind, int64_t& now_ns) {
  TimeLog& log = calls[static_cast<size_t>(kind)];
  log.reserve();
  if (kind != Kind::kWhole) {
    const int64_t before = monotonic_ns();
    if (Status failed = part(copies, kind); !failed.ok()) return failed;
    now_ns = monotonic_ns();
    log.push(static_cast<double>(now_ns - before));
    return {};
  }
  for (TimeLog& of_part : inside) of_part.reserve();
  const int64_t begun = monotonic_ns();
  now_ns = begun;
  for (const Kind one : {Kind::kCopyIn, Kind::kCompute, Kind::kCopyOut}) {
    const int64_t before = now_ns;
    if (Status failed = part(copies, one); !failed.ok()) return failed;
    now_ns = monotonic_ns();
    inside[static_cast<size_t>(one)].push(static_cast<double>(now_ns - before));
  }
  log.push(static_cast<double>(now_ns - begun));
  return {};
}

// Each returns when the device is done with it.
Status PhasesJob::part(const ort::HostCopies& copies, Kind kind) {
  if (cancelled()) return aborted();
  if (kind == Kind::kCopyIn) return copies.in();
  return kind == Kind::kCompute ? compute() : copies.out();
}

Status PhasesJob::compute() {
  Status failed = binding_->run();
  return failed.ok() ? model_->device().synchronise() : failed;
}

}  // namespace mj::measure
