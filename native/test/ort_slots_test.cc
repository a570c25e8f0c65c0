// Every slot that we use, called through the public parts of native/ort on the real ONNX Runtime.
#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "ort/binding.h"
#include "ort/error.h"
#include "ort/executor.h"
#include "ort/model.h"
#include "ort/run_job.h"
#include "test/check.h"
#include "test/onnx_bytes.h"

namespace {

using namespace mj;
using namespace mj::ort;

constexpr const char* kLibrary = MJ_FAKES "/ort/libonnxruntime.so.1";

std::string scratch(const std::string& name) { return "/tmp/mj-" + std::to_string(getpid()) + "-" + name; }

void expect_ok(const Status& status) { CHECK_EQ(status.message, std::string()); }

ModelOptions from_bytes(const std::string& model) {
  ModelOptions options;
  options.bytes = model.data();
  options.size = model.size();
  return options;
}

std::shared_ptr<Model> load(const ModelOptions& options) {
  std::shared_ptr<Model> model;
  expect_ok(Model::load(options, model));
  return model;
}

void run(Model& model, const abi::RunOptions* options, const Owned<abi::Value>& input, Owned<abi::Value>& output) {
  const char* input_name = "x";
  const char* output_name = "y";
  const abi::Value* in = input.get();
  abi::Value* result = nullptr;
  expect_ok(model.run(options, &input_name, &in, 1, &output_name, 1, &result));
  output.reset(result);
}

void every_session_option() {
  const std::string model = test::one_node("Add", abi::kFloat32, {2}, "w.bin");
  const float weights[] = {10, 20};
  ModelOptions options = from_bytes(model);
  options.intra_op_threads = 1;
  options.inter_op_threads = 2;
  options.graph_optimization = abi::kOptimizeBasic;
  options.execution_mode = abi::kParallel;
  options.cpu_arena = false;
  options.memory_pattern = false;
  options.profile_prefix = scratch("profile");
  options.optimized_path = scratch("optimized.onnx");
  options.log_id = "test";
  options.free_dimensions = {{"n", 3}};
  options.config = {{"session.set_denormal_as_zero", "1"}};
  options.external_data = {{"w.bin", weights, sizeof(weights)}};
  const std::shared_ptr<Model> loaded = load(options);

  RunSettings settings;
  settings.log_severity = abi::kLogFatal;
  settings.tag = "tag";
  settings.config = {{"a", "b"}};
  Owned<abi::RunOptions> run_options;
  expect_ok(make_run_options(settings, run_options));

  float data[] = {1, 2};
  Owned<abi::Value> input;
  Owned<abi::Value> output;
  expect_ok(borrow_tensor(abi::kFloat32, {2}, data, sizeof(data), input));
  run(*loaded, run_options.get(), input, output);
  TensorView tensor;
  expect_ok(view(output.get(), tensor));
  CHECK_EQ(static_cast<const float*>(tensor.data)[1], 22.0F);

  std::string profile;
  expect_ok(loaded->end_profiling(profile));
  CHECK(std::remove(profile.c_str()) == 0);
  CHECK(std::remove(options.optimized_path.c_str()) == 0);
}

void strings_from_a_file() {
  const std::string path = scratch("strings.onnx");
  std::ofstream(path, std::ios::binary) << test::one_node("Identity", abi::kString, {-1});
  ModelOptions options;
  options.path = path;
  const std::shared_ptr<Model> model = load(options);
  std::remove(path.c_str());
  CHECK_EQ(model->inputs()[0].symbols[0], std::string("n"));
  CHECK_EQ(model->inputs()[0].shape[0], -1);

  const std::vector<std::string> texts{"", "größer", "x"};
  Owned<abi::Value> input;
  Owned<abi::Value> output;
  expect_ok(string_tensor({3}, texts, input));
  run(*model, nullptr, input, output);
  std::vector<std::string> read;
  expect_ok(read_strings(output.get(), 3, read));
  CHECK(read == texts);
}

void terminated_run() {
  const std::string bytes = test::one_node("Neg", abi::kFloat32, {1});
  const std::shared_ptr<Model> model = load(from_bytes(bytes));
  const float data = 1;
  Owned<abi::Value> input;
  Owned<abi::Value> output;
  expect_ok(copy_tensor(model->allocator(1 << 20), abi::kFloat32, {1}, &data, sizeof(data), input));
  model->terminate();
  const char* input_name = "x";
  const char* output_name = "y";
  const abi::Value* in = input.get();
  abi::Value* result = nullptr;
  const Status status = model->run(nullptr, &input_name, &in, 1, &output_name, 1, &result);
  CHECK(!status.ok());
  model->arm();
  run(*model, nullptr, input, output);
}

void add_input(Bindings& feed, const Model& model, const std::vector<float>& data) {
  Owned<abi::Value> value;
  const Shape shape{static_cast<int64_t>(data.size())};
  expect_ok(copy_tensor(model.allocator(0), abi::kFloat32, shape, data.data(), data.size() * sizeof(float), value));
  feed.input_names.push_back(model.inputs()[0].name.c_str());
  feed.inputs.push_back(std::move(value));
}

float second_output(Binding& binding) {
  std::vector<Owned<abi::Value>> values;
  expect_ok(binding.fetch(values));
  CHECK_EQ(values.size(), 1U);
  TensorView tensor;
  expect_ok(view(values[0].get(), tensor));
  return static_cast<const float*>(tensor.data)[1];
}

std::shared_ptr<Binding> bind(const std::shared_ptr<Model>& model, const std::vector<float>& data) {
  std::shared_ptr<Binding> binding;
  Binding::Request request;
  request.outputs = {0};
  expect_ok(Binding::make(model, request, binding));
  Bindings feed;
  add_input(feed, *model, data);
  expect_ok(binding->update(feed));
  return binding;
}

void bound_runs() {
  const std::string free = test::one_node("Neg", abi::kFloat32, {-1});
  const std::shared_ptr<Model> model = load(from_bytes(free));
  const std::shared_ptr<Binding> binding = bind(model, {1, 2});
  std::vector<Owned<abi::Value>> values;
  CHECK(binding->fetch(values).code == Code::kInvalidArgument);
  expect_ok(binding->run());
  CHECK_EQ(second_output(*binding), -2.0F);
  Bindings longer;
  add_input(longer, *model, {3, 4, 5});
  expect_ok(binding->update(longer));
  expect_ok(binding->run());
  CHECK_EQ(second_output(*binding), -4.0F);

  const std::string fixed_shape = test::one_node("Neg", abi::kFloat32, {2});
  const std::shared_ptr<Model> other = load(from_bytes(fixed_shape));
  const std::shared_ptr<Binding> second = bind(other, {6, 7});
  expect_ok(second->run());
  CHECK_EQ(second_output(*second), -7.0F);
  other->close();  // with the binding alive
  model->close();
  const Memory* memory = nullptr;
  CHECK(model->memory(Place::kDevice, memory).code == Code::kNotSupported);
}

void placement() {
  const std::string bytes = test::one_node("Neg", abi::kFloat32, {1});
  const std::shared_ptr<Model> model = load(from_bytes(bytes));
  CHECK(records_placement());
  CHECK_EQ(model->placement().size(), 1U);
  CHECK_EQ(model->placement()[0].provider, std::string("CPUExecutionProvider"));
  CHECK_EQ(model->placement()[0].op, std::string("Neg"));
}

void broken_model() {
  std::shared_ptr<Model> model;
  const Status status = Model::load(from_bytes("no model"), model);
  CHECK(status.code == Code::kInvalidModel);
  CHECK(model == nullptr);
}

// ONNX Runtime writes a line where a provider's library is missing; here that is what is wanted.
class Quiet {
 public:
  Quiet() : saved_(dup(STDERR_FILENO)) {
    const int nothing = open("/dev/null", O_WRONLY);
    if (nothing < 0) return;
    dup2(nothing, STDERR_FILENO);
    ::close(nothing);
  }
  ~Quiet() {
    dup2(saved_, STDERR_FILENO);
    ::close(saved_);
  }
  Quiet(const Quiet&) = delete;
  Quiet& operator=(const Quiet&) = delete;

 private:
  const int saved_;
};

// Without a GPU their providers answer with errors, so these are called on the table itself.
void provider_calls() {
  const Quiet quiet;
  Owned<abi::SessionOptions> options;
  expect_ok(take(api().CreateSessionOptions(out(options))));
  const char* key = "device_id";
  const char* number = "0";
  abi::CudaOptions* cuda = nullptr;
  take(api().CreateCUDAProviderOptions(&cuda));
  take(api().UpdateCUDAProviderOptions(cuda, &key, &number, 1));
  CHECK(!take(api().SessionOptionsAppendExecutionProvider_CUDA_V2(options.get(), cuda)).ok());
  api().ReleaseCUDAProviderOptions(cuda);
  abi::TensorRtOptions* tensorrt = nullptr;
  take(api().CreateTensorRTProviderOptions(&tensorrt));
  take(api().UpdateTensorRTProviderOptions(tensorrt, &key, &number, 1));
  CHECK(!take(api().SessionOptionsAppendExecutionProvider_TensorRT_V2(options.get(), tensorrt)).ok());
  api().ReleaseTensorRTProviderOptions(tensorrt);
  const Status status = append_provider(options.get(), {"NoSuchProvider", {key}, {number}, {}});
  CHECK(status.code == Code::kProviderUnavailable);
}

// A plugin that offers a device of the processor's and takes no node: the model runs as without it.
void plugin_calls() {
  const std::string fakes = MJ_FAKES "/gpu/";
  const ProviderRequest plugin{
      "nv-tensorrt-rtx", {"device_id", "a"}, {"0", "b"}, {fakes + "plugin-1", fakes + "tensorrt-rtx"}};
  const std::string bytes = test::one_node("Neg", abi::kFloat32, {2});
  ModelOptions options = from_bytes(bytes);
  options.providers = {plugin};
  const std::shared_ptr<Model> model = load(options);
  CHECK_EQ(model->providers().front(), std::string("nv-tensorrt-rtx"));
  CHECK(model->device().uuid.empty());
}

TEST("ort: every slot is called, and answers as its signature says") {
  const Library* opened = nullptr;
  expect_ok(open_library(kLibrary, opened));
  CHECK(!opened->providers.empty());
  every_session_option();
  strings_from_a_file();
  terminated_run();
  bound_runs();
  placement();
  broken_model();
  provider_calls();
  plugin_calls();

  void* handle = dlopen(kLibrary, RTLD_NOW | RTLD_NOLOAD);
  CHECK(handle != nullptr);
  using Uncalled = const char*(int);
  auto* uncalled = reinterpret_cast<Uncalled*>(dlsym(handle, "mj_uncalled_slot"));
  CHECK(uncalled != nullptr);
  std::string missing;
  for (int i = 0; const char* name = uncalled(i); ++i) missing += std::string(missing.empty() ? "" : " ") + name;
  CHECK_EQ(missing, std::string());
}

}  // namespace
