#include "ort/binding.h"

#include <algorithm>

#include "ort/error.h"
#include "ort/host_copies.h"

namespace mj::ort {

Status Binding::make(std::shared_ptr<Model> model, Request request, std::shared_ptr<Binding>& result) {
  std::shared_ptr<Binding> made(new Binding(std::move(model), std::move(request)));
  if (Status status = made->model_->make_io_binding(made->binding_); !status.ok()) return status;
  made->model_->add(made);
  result = std::move(made);
  return {};
}

Binding::Binding(std::shared_ptr<Model> model, Request request)
    : model_(std::move(model)), request_(std::move(request)), inputs_(model_->inputs().size()) {}

Binding::~Binding() = default;

Status Binding::update(Bindings& feed) {
  // After a failure the inputs are of two feeds, until all of them are given.
  const bool whole = filled_ || feed.inputs.size() == model_->inputs().size();
  filled_ = false;
  ran_ = false;
  copies_.reset();
  const std::vector<ValueInfo>& infos = model_->inputs();
  for (size_t i = 0; i < feed.inputs.size(); ++i) {
    // Names belong to the model, so the pointer tells the input.
    const auto found = std::find_if(infos.begin(), infos.end(), [name = feed.input_names[i]](const ValueInfo& info) {
      return info.name.c_str() == name;
    });
    const auto index = static_cast<size_t>(found - infos.begin());
    if (Status status = place_input(index, std::move(feed.inputs[i])); !status.ok()) return status;
  }
  if (Status status = synchronise(); !status.ok()) return status;
  if (Status status = bind_outputs(); !status.ok()) return status;
  filled_ = whole;
  return {};
}

Status Binding::place_input(size_t index, Owned<abi::Value> given) {
  const ValueInfo& info = model_->inputs()[index];
  Owned<abi::Value>& bound = inputs_[index];
  if (request_.place == Place::kCpu || info.type == abi::kString) {
    bound = std::move(given);
  } else {
    TensorView source;
    if (Status status = view(given.get(), source); !status.ok()) return status;
    TensorView present;
    if (bound) {
      if (Status status = view(bound.get(), present); !status.ok()) return status;
    }
    if (!bound || present.shape != source.shape) {
      const Memory* memory = nullptr;
      if (Status status = model_->memory(bound_place(), memory); !status.ok()) return status;
      Status status = make_tensor(memory->allocator.get(), source.type, source.shape, bound);
      if (!status.ok()) return status;
    }
    if (Status status = fill(bound, source); !status.ok()) return status;
  }
  // Again even where the buffer is the same: for a node on another device ONNX Runtime copies when it binds.
  return take(api().BindInput(binding_.get(), info.name.c_str(), bound.get()));
}

Status Binding::fill(const Owned<abi::Value>& target, const TensorView& source) {
  TensorView tensor;
  if (Status status = view(target.get(), tensor); !status.ok()) return status;
  return model_->device().copy_in(tensor.data, source.data, source.bytes);
}

// Anew after each update: an output that ONNX Runtime allocates keeps the shape of its first run.
Status Binding::bind_outputs() {
  const bool keep = request_.keep_outputs || std::all_of(outputs().begin(), outputs().end(), [this](size_t index) {
                      const ValueInfo& info = model_->outputs()[index];
                      return fixed(info.shape) && info.type != abi::kString;
                    });
  if (bound_outputs_ && keep) return {};
  api().ClearBoundOutputs(binding_.get());
  for (const size_t index : outputs()) {
    if (Status status = bind_output(model_->outputs()[index]); !status.ok()) return status;
  }
  bound_outputs_ = true;
  return {};
}

Status Binding::bind_output(const ValueInfo& info) {
  const Memory* memory = nullptr;
  const bool string = info.type == abi::kString;
  if (Status status = model_->memory(string ? Place::kCpu : bound_place(), memory); !status.ok()) return status;
  if (string || !fixed(info.shape)) {
    return take(api().BindOutputToDevice(binding_.get(), info.name.c_str(), memory->info.get()));
  }
  Owned<abi::Value> value;
  Status status = make_tensor(memory->allocator.get(), info.type, info.shape, value);
  if (!status.ok()) return status;
  // The binding shares the tensor.
  return take(api().BindOutput(binding_.get(), info.name.c_str(), value.get()));
}

Status Binding::run() {
  if (!filled_) {
    return {Code::kInvalidArgument, "The last update of the binding failed, so its inputs are not those of one feed.",
            "Call update() with all inputs."};
  }
  if (copies_) {
    if (Status status = copies_->in(); !status.ok()) return status;
  }
  Status status = model_->run_bound(binding_.get());
  ran_ = ran_ || status.ok();
  if (!status.ok() || request_.place != Place::kPinned) return status;
  return copies_ ? copies_->out() : copy_from_now_on();
}

Status Binding::copy_from_now_on() {
  auto made = std::make_unique<HostCopies>();
  if (Status status = HostCopies::make(*model_, *this, Place::kPinned, *made); !status.ok()) return status;
  copies_ = std::move(made);
  return copies_->out();
}

Status Binding::prepare() { return request_.place == Place::kPinned && !copies_ ? run() : Status(); }

Status Binding::synchronise() {
  MJ_ORT_RETURN(api().SynchronizeBoundInputs(binding_.get()));
  MJ_ORT_RETURN(api().SynchronizeBoundOutputs(binding_.get()));
  return model_->device().synchronise();
}

Status Binding::bound_outputs(std::vector<Owned<abi::Value>>& values) {
  if (!ran_) {
    return {Code::kInvalidArgument, "The binding has not run since its inputs were set, so it has no outputs.",
            "Call run() first."};
  }
  if (Status status = synchronise(); !status.ok()) return status;
  abi::Value** list = nullptr;
  size_t count = 0;
  MJ_ORT_RETURN(api().GetBoundOutputValues(binding_.get(), library().allocator, &list, &count));
  values.resize(count);
  for (size_t i = 0; i < count; ++i) values[i].reset(list[i]);
  return take(api().AllocatorFree(library().allocator, static_cast<void*>(list)));
}

Status Binding::fetch(std::vector<Owned<abi::Value>>& values) {
  std::vector<Owned<abi::Value>> bound;
  if (Status status = bound_outputs(bound); !status.ok()) return status;
  values.resize(bound.size());
  for (size_t i = 0; i < bound.size(); ++i) {
    if (Status status = to_cpu(bound[i].get(), values[i]); !status.ok()) return status;
  }
  return {};
}

// Always a copy: the next run writes to the bound memory again.
Status Binding::to_cpu(abi::Value* bound, Owned<abi::Value>& copy) {
  TensorView source;
  if (Status status = view(bound, source); !status.ok()) return status;
  if (source.type == abi::kString) {
    std::vector<std::string> strings;
    Status status = read_strings(bound, element_count(source.shape), strings);
    return status.ok() ? string_tensor(source.shape, strings, copy) : status;
  }
  if (request_.place == Place::kCpu) {
    return copy_tensor(library().allocator, source.type, source.shape, source.data, source.bytes, copy);
  }
  if (Status status = make_tensor(library().allocator, source.type, source.shape, copy); !status.ok()) return status;
  TensorView target;
  if (Status status = view(copy.get(), target); !status.ok()) return status;
  return model_->device().copy_out(target.data, source.data, source.bytes);
}

void Binding::close() noexcept {
  copies_.reset();
  binding_.reset();
  inputs_.clear();
}

}  // namespace mj::ort
