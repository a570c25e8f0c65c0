#include "ort/model.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "ort/error.h"
#include "ort/session_options.h"

namespace mj::ort {

namespace {

using GetName = decltype(abi::Api::SessionGetInputName);
using GetTypeInfo = decltype(abi::Api::SessionGetInputTypeInfo);

Status read_name(const abi::Session* session, size_t index, GetName get, std::string& name) {
  char* text = nullptr;
  MJ_ORT_RETURN(get(session, index, library().allocator, &text));
  name = text;
  return take(api().AllocatorFree(library().allocator, text));
}

Status read_tensor_info(const abi::TensorInfo* tensor, ValueInfo& info) {
  info.is_tensor = true;
  MJ_ORT_RETURN(api().GetTensorElementType(tensor, &info.type));
  size_t rank = 0;
  MJ_ORT_RETURN(api().GetDimensionsCount(tensor, &rank));
  info.shape.resize(rank);
  MJ_ORT_RETURN(api().GetDimensions(tensor, info.shape.data(), rank));
  std::vector<const char*> symbols(rank, nullptr);
  MJ_ORT_RETURN(api().GetSymbolicDimensions(tensor, symbols.data(), rank));
  for (const char* symbol : symbols) info.symbols.emplace_back(symbol != nullptr ? symbol : "");
  return {};
}

Status read_values(const abi::Session* session, size_t count, GetName get_name, GetTypeInfo get_type,
                   std::vector<ValueInfo>& values) {
  values.resize(count);
  for (size_t i = 0; i < count; ++i) {
    if (Status status = read_name(session, i, get_name, values[i].name); !status.ok()) return status;
    Owned<abi::TypeInfo> type;
    MJ_ORT_RETURN(get_type(session, i, out(type)));
    const abi::TensorInfo* tensor = nullptr;
    MJ_ORT_RETURN(api().CastTypeInfoToTensorInfo(type.get(), &tensor));
    if (tensor == nullptr) continue;
    if (Status status = read_tensor_info(tensor, values[i]); !status.ok()) return status;
  }
  return {};
}

// A failure that no other provider would cure.
bool concerns_model(const Status& status) {
  return status.code == Code::kInvalidModel || status.code == Code::kInvalidArgument;
}

// What others see of the session.
std::string name_of(const ModelOptions& options) {
  if (!options.log_id.empty()) return options.log_id;
  return options.path.empty() ? "a model from memory" : options.path;
}

}  // namespace

Status Model::load(const ModelOptions& options, std::shared_ptr<Model>& result, const Cancelled& cancelled) {
  auto model = std::make_shared<Model>();
  Status status = options.fallback ? model->create_with_fallback(options, cancelled)
                                   : model->create(options, options.providers, cancelled);
  if (!status.ok()) return status;
  MJ_ORT_RETURN(api().CreateRunOptions(out(model->run_options_)));
  MJ_ORT_RETURN(api().CreateAllocator(model->session_.get(), library().cpu_memory, out(model->arena_)));
  // Otherwise a failing run would write a line on stderr; who asked for a log level gets the session's.
  if (options.log_severity == abi::kLogFatal) {
    MJ_ORT_RETURN(api().RunOptionsSetRunLogSeverityLevel(model->run_options_.get(), abi::kLogFatal));
  }
  if (status = model->describe(); !status.ok()) return status;
  if (records_placement()) {
    if (status = read_placement(model->session_.get(), model->placement_); !status.ok()) return status;
  }
  result = std::move(model);
  return {};
}

Status Model::create(const ModelOptions& options, const std::vector<ProviderRequest>& providers,
                     const Cancelled& cancelled) {
  Owned<abi::SessionOptions> session_options;
  if (Status status = make_session_options(options, session_options); !status.ok()) return status;
  CudaDevice device;
  providers_.clear();
  for (const ProviderRequest& provider : providers) {
    if (Status status = append_provider(session_options.get(), provider); !status.ok()) return status;
    if (on_cuda(provider) && device.uuid.empty()) {
      if (Status status = find_device(provider, device); !status.ok()) return status;
      if (Status status = lost_device(device.uuid); !status.ok()) return status;
    }
    providers_.push_back(provider.name);
  }
  device_ = std::move(device);
  const std::string host = providers_.empty() ? "cpu" : providers_.front();
  user_ = std::make_shared<DeviceUser>(device_.present() ? device_.uuid : host, name_of(options), device_.present());
  // Weights are copied there, and engines are timed.
  const AtWork work(*user_, cancelled);
  if (!work.entered()) return {Code::kAborted, "The loading of the model was aborted."};
  const Library& lib = library();
  abi::Status* failure =
      options.bytes != nullptr
          ? api().CreateSessionFromArray(lib.env, options.bytes, options.size, session_options.get(), out(session_))
          : api().CreateSession(lib.env, options.path.c_str(), session_options.get(), out(session_));
  return by_device(take(failure, Activity::kCreate));
}

Status Model::create_with_fallback(const ModelOptions& options, const Cancelled& cancelled) {
  std::vector<ProviderRequest> remaining = options.providers;
  while (true) {
    Status status = create(options, remaining, cancelled);
    if (status.ok() || concerns_model(status) || status.code == Code::kAborted) return status;
    // `providers_` holds what had been appended: the next in line failed, or, where all stood, the first.
    const size_t failed = providers_.size() < remaining.size() ? providers_.size() : 0;
    if (remaining.empty() || remaining[failed].name == "cpu" || remaining.size() == 1) return status;
    skipped_.push_back({remaining[failed].name, status});
    remaining.erase(remaining.begin() + static_cast<std::ptrdiff_t>(failed));
  }
}

Status Model::describe() {
  const abi::Session* session = session_.get();
  size_t inputs = 0;
  size_t outputs = 0;
  MJ_ORT_RETURN(api().SessionGetInputCount(session, &inputs));
  MJ_ORT_RETURN(api().SessionGetOutputCount(session, &outputs));
  Status status = read_values(session, inputs, api().SessionGetInputName, api().SessionGetInputTypeInfo, inputs_);
  if (!status.ok()) return status;
  return read_values(session, outputs, api().SessionGetOutputName, api().SessionGetOutputTypeInfo, outputs_);
}

Status Model::lost() const { return device_.present() ? lost_device(device_.uuid) : Status(); }

Status Model::judged(Status status) const {
  status = by_device(std::move(status));
  if (device_.present() && status.code == Code::kDeviceLost) lose_device(device_.uuid, status);
  return status;
}

Status Model::by_device(Status status) const {
  if (status.ok() || !device_.present()) return status;
  if (status.code == Code::kOutOfMemory) return out_of_device_memory(status, device_.memory());
  if (status.code == Code::kDeviceLost || status.code == Code::kAborted) return status;
  // What cuBLAS, cuDNN and TensorRT say need not tell that the context is gone; the context does.
  Status context = device_.synchronise();
  if (context.code == Code::kDeviceLost) context.message += " " + status.message;
  return context.code == Code::kDeviceLost ? context : status;
}

// ONNX Runtime's destructors throw where CUDA refuses to free what it holds (cudaFreeHost, cudaEventDestroy), and
// nobody could catch that. The session is left as it is, where a leak checker finds it.
void Model::leave_if_lost() {
  if (!session_ || lost().ok()) return;
  static auto* mutex = new std::mutex();
  static auto* left = new std::vector<Owned<abi::Session>>();
  const std::lock_guard<std::mutex> lock(*mutex);
  left->push_back(std::move(session_));
}

Status Model::memory(Place place, const Memory*& result) {
  Memory& memory = memories_[static_cast<size_t>(place)];
  result = &memory;
  if (memory.allocator) return {};
  if (place != Place::kCpu && !device_.present()) {
    return {Code::kNotSupported, "The session runs on no CUDA device, so it has no memory there."};
  }
  return make_memory(session_.get(), place, device_.ordinal, memory);
}

Status Model::make_io_binding(Owned<abi::IoBinding>& binding) {
  return take(api().CreateIoBinding(session_.get(), out(binding)));
}

Status Model::run_bound(const abi::IoBinding* binding) {
  return take(api().RunWithBinding(session_.get(), run_options_.get(), binding), Activity::kRun);
}

Status Model::run(const abi::RunOptions* run_options, const char* const* input_names, const abi::Value* const* inputs,
                  size_t input_count, const char* const* output_names, size_t output_count, abi::Value** outputs) {
  const abi::RunOptions* used = run_options != nullptr ? run_options : run_options_.get();
  return take(api().Run(session_.get(), used, input_names, inputs, input_count, output_names, output_count, outputs),
              Activity::kRun);
}

void Model::terminate() noexcept {
  terminated_.store(true, std::memory_order_release);
  take(api().RunOptionsSetTerminate(run_options_.get()));
}

void Model::arm() noexcept {
  if (terminated_.exchange(false, std::memory_order_acq_rel)) {
    take(api().RunOptionsUnsetTerminate(run_options_.get()));
  }
}

void Model::close() noexcept {
  for (const auto& dependent : dependents_) {
    if (const std::shared_ptr<Dependent> alive = dependent.lock()) alive->close();
  }
  // Nobody may have noticed yet.
  if (session_) static_cast<void>(judged(device_.synchronise()));
  leave_if_lost();
  session_.reset();
}

void Model::add(const std::shared_ptr<Dependent>& dependent) {
  const auto gone = [](const std::weak_ptr<Dependent>& other) { return other.expired(); };
  dependents_.erase(std::remove_if(dependents_.begin(), dependents_.end(), gone), dependents_.end());
  dependents_.push_back(dependent);
}

Status Model::end_profiling(std::string& file) {
  char* text = nullptr;
  MJ_ORT_RETURN(api().SessionEndProfiling(session_.get(), library().allocator, &text));
  file = text;
  return take(api().AllocatorFree(library().allocator, text));
}

}  // namespace mj::ort
