#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ort/executor.h"
#include "ort/model.h"

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
class RunJob final : public Job {
  std::shared_ptr<Model> model_;  // first, so that it outlives the inputs that lie in its arena

 public:
  explicit RunJob(std::shared_ptr<Model> model) : model_(std::move(model)) {}

  void execute() noexcept override;
  void interrupt() noexcept override;

  Bindings bindings;
  Owned<abi::RunOptions> options;  // null: the model's own
  int64_t start_ns = 0;
  int64_t end_ns = 0;
};

}  // namespace mj::ort
