#pragma once

#include <memory>
#include <utility>

#include "ort/executor.h"
#include "ort/model.h"

namespace mj::ort {

// What an executor does with a model. Nothing is begun on a device that is lost, and a failure is judged by what the
// device says of itself.
class ModelJob : public Job {
 public:
  explicit ModelJob(std::shared_ptr<Model> model) : model_(std::move(model)) {}

  void execute() noexcept final;
  void interrupt() noexcept override { model_->terminate(); }

 protected:
  virtual Status work() = 0;
  // So that it outlives what derived jobs hold in its arena.
  const std::shared_ptr<Model> model_;
};

}  // namespace mj::ort
