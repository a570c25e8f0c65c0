#include "ort/model_job.h"

namespace mj::ort {

void ModelJob::execute() noexcept {
  model_->arm();
  // An interrupt that came before `arm` would be lost by it.
  if (cancelled()) {
    status = {Code::kAborted, "The run was aborted."};
  } else if (status = model_->lost(); status.ok()) {
    status = model_->judged(work());
  }
}

}  // namespace mj::ort
