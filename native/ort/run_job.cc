#include "ort/run_job.h"

#include "base/clock.h"
#include "ort/error.h"

namespace mj::ort {

// An Owned is one pointer wide, so an array of owners is the array of pointers that the API takes.
static_assert(sizeof(Owned<abi::Value>) == sizeof(abi::Value*), "owners must be plain pointers in memory");

const abi::Value* const* Bindings::input_values() const noexcept {
  return reinterpret_cast<const abi::Value* const*>(inputs.data());
}

abi::Value** Bindings::output_values() noexcept { return reinterpret_cast<abi::Value**>(outputs.data()); }

Status make_run_options(const RunSettings& settings, Owned<abi::RunOptions>& result) {
  MJ_ORT_RETURN(api().CreateRunOptions(out(result)));
  MJ_ORT_RETURN(api().RunOptionsSetRunLogSeverityLevel(result.get(), settings.log_severity));
  MJ_ORT_RETURN(api().RunOptionsSetRunLogVerbosityLevel(result.get(), settings.log_verbosity));
  if (!settings.tag.empty()) MJ_ORT_RETURN(api().RunOptionsSetRunTag(result.get(), settings.tag.c_str()));
  for (const auto& [key, value] : settings.config) {
    MJ_ORT_RETURN(api().AddRunConfigEntry(result.get(), key.c_str(), value.c_str()));
  }
  return {};
}

void RunJob::execute() noexcept {
  model_->arm();
  // An interrupt that came before `arm` would be lost by it.
  if (cancelled()) {
    status = {Code::kAborted, "The run was aborted."};
    return;
  }
  const AtWork work(*model_->user(), [this] { return cancelled(); });
  if (!work.entered()) {
    status = {Code::kAborted, "The run was aborted."};
    return;
  }
  start_ns = monotonic_ns();
  status = model_->run(options.get(), bindings.input_names.data(), bindings.input_values(), bindings.inputs.size(),
                       bindings.output_names.data(), bindings.outputs.size(), bindings.output_values());
  end_ns = monotonic_ns();
}

void RunJob::interrupt() noexcept {
  if (options) {
    take(api().RunOptionsSetTerminate(options.get()));
  } else {
    model_->terminate();
  }
}

}  // namespace mj::ort
