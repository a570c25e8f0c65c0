#include "ort/model_job.h"

namespace mj::ort {

void ModelJob::execute() noexcept {
  model_->arm();
  const AtWork at_work(*model_->user(), [this] { return cancelled(); }, how_);
  // An interrupt that came before `arm` would be lost by it.
  if (cancelled() || !at_work.entered()) {
    status = {Code::kAborted, "The run was aborted."};
  } else {
    work_if_alive();
  }
}

bool ModelJob::execute_at_once() noexcept {
  model_->arm();
  const AtWork at_work(*model_->user(), [] { return true; }, how_);
  if (!at_work.entered()) return false;
  work_if_alive();
  return true;
}

void ModelJob::work_if_alive() noexcept {
  if (status = model_->lost(); status.ok()) status = model_->judged(work());
}

}  // namespace mj::ort
