#include "ort/host_copies.h"

namespace mj::ort {

Status HostCopies::make(Model& model, Binding& binding, Place place, HostCopies& result) {
  const Memory* memory = nullptr;
  if (Status status = model.memory(place, memory); !status.ok()) return status;
  result.device_ = &model.device();
  for (const Owned<abi::Value>& input : binding.bound_inputs()) {
    if (!input) continue;
    if (Status status = result.add(result.in_, input, memory->allocator.get()); !status.ok()) return status;
  }
  for (const Copy& copy : result.in_.list) {
    if (Status status = result.device_->copy_out(copy.host, copy.device, copy.bytes); !status.ok()) return status;
  }
  if (Status status = binding.bound_outputs(result.bound_outputs_); !status.ok()) return status;
  for (const Owned<abi::Value>& output : result.bound_outputs_) {
    if (Status status = result.add(result.out_, output, memory->allocator.get()); !status.ok()) return status;
  }
  return {};
}

Status HostCopies::add(Copies& copies, const Owned<abi::Value>& on_device, abi::Allocator* allocator) {
  TensorView tensor;
  if (Status status = view(on_device.get(), tensor); !status.ok()) return status;
  // Text lies in the host's memory wherever it is bound.
  if (tensor.type == abi::kString || tensor.bytes == 0) return {};
  Owned<abi::Value> buffer;
  if (Status status = make_tensor(allocator, tensor.type, tensor.shape, buffer); !status.ok()) return status;
  TensorView host;
  if (Status status = view(buffer.get(), host); !status.ok()) return status;
  copies.list.push_back({host.data, tensor.data, tensor.bytes});
  copies.bytes += tensor.bytes;
  buffers_.push_back(std::move(buffer));
  return {};
}

Status HostCopies::in() const {
  for (const Copy& copy : in_.list) {
    if (Status status = device_->send(copy.device, copy.host, copy.bytes); !status.ok()) return status;
  }
  return device_->synchronise();
}

Status HostCopies::out() const {
  for (const Copy& copy : out_.list) {
    if (Status status = device_->receive(copy.host, copy.device, copy.bytes); !status.ok()) return status;
  }
  return {};
}

}  // namespace mj::ort
