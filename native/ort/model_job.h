#pragma once

#include <memory>
#include <utility>

#include "ort/device_use.h"
#include "ort/executor.h"
#include "ort/model.h"

namespace mj::ort {

// What an executor does with a model. Nothing is begun on a device that is lost or that another session has to itself,
// and a failure is judged by what the device says of itself.
class ModelJob : public Job {
 public:
  explicit ModelJob(std::shared_ptr<Model> model, AtWork::How how = AtWork::How::kUsual)
      : model_(std::move(model)), how_(how) {}

  void execute() noexcept final;
  bool execute_at_once() noexcept final;
  void interrupt() noexcept override { model_->terminate(); }

 protected:
  virtual Status work() = 0;
  void work_if_alive() noexcept;
  // So that it outlives what derived jobs hold in its arena.
  const std::shared_ptr<Model> model_;

 private:
  const AtWork::How how_;
};

}  // namespace mj::ort
