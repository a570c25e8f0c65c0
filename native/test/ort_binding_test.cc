// Bindings, and the synchronised loop over bound tensors, on the real ONNX Runtime's CPU provider.
#include "ort/binding.h"

#include "measure/loop.h"
#include "test/check.h"
#include "test/onnx_bytes.h"

namespace {

using namespace mj;
using namespace mj::ort;

void expect_ok(const Status& status) { CHECK_EQ(status.message, std::string()); }

std::shared_ptr<Model> neg(const Shape& shape) {
  const Library* opened = nullptr;
  expect_ok(open_library(MJ_FAKES "/ort/libonnxruntime.so.1", opened));
  const std::string bytes = test::one_node("Neg", abi::kFloat32, shape);
  ModelOptions options;
  options.bytes = bytes.data();
  options.size = bytes.size();
  std::shared_ptr<Model> model;
  expect_ok(Model::load(options, model));
  return model;
}

Bindings feed_of(const Model& model, const std::vector<float>& data) {
  Bindings feed;
  Owned<abi::Value> value;
  const Shape shape{static_cast<int64_t>(data.size())};
  expect_ok(copy_tensor(model.allocator(0), abi::kFloat32, shape, data.data(), data.size() * sizeof(float), value));
  feed.input_names.push_back(model.inputs()[0].name.c_str());
  feed.inputs.push_back(std::move(value));
  return feed;
}

std::shared_ptr<Binding> bound(const std::shared_ptr<Model>& model, const std::vector<float>& data) {
  Binding::Request request;
  request.outputs = {0};
  std::shared_ptr<Binding> binding;
  expect_ok(Binding::make(model, request, binding));
  Bindings feed = feed_of(*model, data);
  expect_ok(binding->update(feed));
  return binding;
}

float last_of(const std::vector<Owned<abi::Value>>& values) {
  CHECK_EQ(values.size(), 1U);
  TensorView tensor;
  expect_ok(view(values[0].get(), tensor));
  return static_cast<const float*>(tensor.data)[element_count(tensor.shape) - 1];
}

measure::LoopRequest four_runs() {
  measure::LoopRequest request;
  request.warmup = 1;
  request.repetitions = 4;
  return request;
}

TEST("ort binding: the loop runs on what is bound, and gives the outputs of the last run") {
  const std::shared_ptr<Model> model = neg({2});
  const std::shared_ptr<Binding> binding = bound(model, {1, 2});
  measure::LoopJob job(model, four_runs(), binding);
  job.execute();
  expect_ok(job.status);
  CHECK_EQ(job.durations.size(), 4U);
  CHECK_EQ(last_of(job.bindings.outputs), -2.0F);
}

TEST("ort binding: memory of a device that is not there is refused") {
  const std::shared_ptr<Model> model = neg({2});
  for (const Place place : {Place::kPinned, Place::kDevice}) {
    Binding::Request on_device;
    on_device.place = place;
    on_device.outputs = {0};
    std::shared_ptr<Binding> binding;
    expect_ok(Binding::make(model, on_device, binding));
    Bindings feed = feed_of(*model, {1, 2});
    CHECK(binding->update(feed).code == Code::kNotSupported);
  }
}

TEST("ort binding: an output that keeps its place is the same memory after an update") {
  const std::shared_ptr<Model> model = neg({-1});
  Binding::Request request;
  request.outputs = {0};
  request.keep_outputs = true;
  std::shared_ptr<Binding> binding;
  expect_ok(Binding::make(model, request, binding));
  for (const float value : {5.0F, 6.0F}) {
    Bindings feed = feed_of(*model, {value});
    expect_ok(binding->update(feed));
    expect_ok(binding->run());
    std::vector<Owned<abi::Value>> values;
    expect_ok(binding->fetch(values));
    CHECK_EQ(last_of(values), -value);
  }
}

TEST("ort binding: the session's end ends its bindings first, in either order of release") {
  std::shared_ptr<Model> model = neg({2});
  std::shared_ptr<Binding> first = bound(model, {1, 2});
  const std::shared_ptr<Binding> second = bound(model, {1, 2});
  first.reset();
  model->close();
  model.reset();  // the second binding still holds the model
}

TEST("ort binding: a job that was cancelled before it began does nothing") {
  const std::shared_ptr<Model> model = neg({2});
  const std::shared_ptr<Binding> binding = bound(model, {1, 2});
  BindingJob job(model, [&] { return binding->run(); });
  job.interrupt();
  job.execute();  // an interrupt without a cancellation is undone
  expect_ok(job.status);
}

}  // namespace
