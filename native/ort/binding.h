#pragma once

// Inputs and outputs bound once: ONNX Runtime's OrtIoBinding with the memory that it refers to. All of it happens on
// the executor's thread, and the binding ends before the session does.
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "ort/run_job.h"

namespace mj::ort {

class HostCopies;

class Binding final : public Dependent {
 public:
  struct Request {
    // Page-locked: bound is memory of the device, and each run copies from page-locked memory to it and back. ONNX
    // Runtime (1.29) fails on outputs that are bound there.
    Place place = Place::kCpu;
    std::vector<size_t> outputs;  // indices of the model's
    // A captured graph writes for ever to where the outputs lay when it was captured.
    bool keep_outputs = false;
  };
  static Status make(std::shared_ptr<Model> model, Request request, std::shared_ptr<Binding>& result);
  ~Binding() override;

  // Copies inputs (in memory of the CPU, taken over where that is the place) to where they are bound. A buffer stays
  // where it is as long as its shape does.
  Status update(Bindings& feed);
  // One inference; returns when the device is done, copies included.
  Status run();
  // What the first run after an update does once, if it does: it tells what room outputs need.
  Status prepare();
  // Waits for the device and copies what the last run gave to tensors of the CPU, in the order of the request.
  Status fetch(std::vector<Owned<abi::Value>>& values);
  // What the last run gave, where it lies; in the order of the request.
  Status bound_outputs(std::vector<Owned<abi::Value>>& values);
  // Waits for what ONNX Runtime still does with bound memory, and for the device.
  Status synchronise();

  [[nodiscard]] const std::vector<size_t>& outputs() const noexcept { return request_.outputs; }
  [[nodiscard]] const std::vector<Owned<abi::Value>>& bound_inputs() const noexcept { return inputs_; }
  // Lets go of the session; nothing else may be called after it.
  void close() noexcept override;

 private:
  Binding(std::shared_ptr<Model> model, Request request);

  // Where ONNX Runtime finds the tensors.
  [[nodiscard]] Place bound_place() const noexcept {
    return request_.place == Place::kPinned ? Place::kDevice : request_.place;
  }
  Status copy_from_now_on();

  Status place_input(size_t index, Owned<abi::Value> given);
  Status fill(const Owned<abi::Value>& target, const TensorView& source);
  Status bind_outputs();
  Status bind_output(const ValueInfo& info);
  Status to_cpu(abi::Value* bound, Owned<abi::Value>& copy);

  std::shared_ptr<Model> model_;  // first, so that it outlives the rest
  const Request request_;
  std::vector<Owned<abi::Value>> inputs_;  // by the model's index
  Owned<abi::IoBinding> binding_;
  std::unique_ptr<HostCopies> copies_;
  bool bound_outputs_ = false;
  bool filled_ = false;  // by an update that went through
  bool ran_ = false;
};

// Lets go of something of a session's, also of one whose device is lost: of a binding, or of the session itself, which
// ends on the thread that ran it, after all queued runs.
class ClosingJob final : public Job {
 public:
  ClosingJob(std::shared_ptr<Model> model, std::function<void()> close)
      : model_(std::move(model)), close_(std::move(close)) {}
  void execute() noexcept override {
    const AtWork ending(*model_->user(), [this] { return cancelled(); }, AtWork::How::kEnding);
    close_();
  }

 private:
  const std::shared_ptr<Model> model_;
  std::function<void()> close_;
};

// Work with a binding as a job of its own.
class BindingJob final : public ModelJob {
 public:
  BindingJob(std::shared_ptr<Model> model, std::function<Status()> work, AtWork::How how = AtWork::How::kUsual)
      : ModelJob(std::move(model), how), work_(std::move(work)) {}

 private:
  Status work() override { return work_(); }
  std::function<Status()> work_;
};

}  // namespace mj::ort
