#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ort/model_job.h"

namespace mj::ort {

// Tensors of a run with the names they go by; the names belong to the model.
struct Bindings {
  std::vector<const char*> input_names;
  std::vector<Owned<abi::Value>> inputs;
  std::vector<const char*> output_names;
  std::vector<Owned<abi::Value>> outputs;  // null: allocated by ONNX Runtime
  std::vector<size_t> written_into;        // positions of outputs that lie in memory of the caller's

  // Where a run finds its inputs and leaves its outputs.
  [[nodiscard]] const abi::Value* const* input_values() const noexcept;
  abi::Value** output_values() noexcept;
};

struct RunSettings {
  int log_severity = -1;  // -1: the session's
  int log_verbosity = 0;
  std::string tag;
  std::vector<std::pair<std::string, std::string>> config;
};
Status make_run_options(const RunSettings& settings, Owned<abi::RunOptions>& result);

// One inference.
class RunJob final : public ModelJob {
 public:
  using ModelJob::ModelJob;
  void interrupt() noexcept override;

  Bindings bindings;
  Owned<abi::RunOptions> options;  // null: the model's own
  int64_t start_ns = 0;
  int64_t end_ns = 0;
  // Counts this run while ONNX Runtime has memory of Node's in hand; null: it has none.
  std::shared_ptr<std::atomic<int>> borrowing;

 private:
  Status work() override;
};

}  // namespace mj::ort
