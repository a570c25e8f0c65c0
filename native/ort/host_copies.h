#pragma once

// Copies between the host's memory and what a binding holds on the device, as an application makes them that keeps its
// buffers: nothing is allocated or bound anew.
#include <vector>

#include "ort/binding.h"

namespace mj::ort {

class HostCopies {
 public:
  // Buffers of the host in this place (ordinary or page-locked memory), the inputs' with what is bound now. The binding
  // lies on the device, has run, and outlives the copies.
  static Status make(Model& model, Binding& binding, Place place, HostCopies& result);

  // All inputs to the device, all outputs from it. Either returns when the copies are done; `out` needs the device to
  // be done before.
  [[nodiscard]] Status in() const;
  [[nodiscard]] Status out() const;

  [[nodiscard]] size_t bytes_in() const noexcept { return in_.bytes; }
  [[nodiscard]] size_t bytes_out() const noexcept { return out_.bytes; }

 private:
  struct Copy {
    void* host;
    void* device;
    size_t bytes;
  };
  struct Copies {
    std::vector<Copy> list;
    size_t bytes = 0;
  };
  Status add(Copies& copies, const Owned<abi::Value>& on_device, abi::Allocator* allocator);

  const CudaDevice* device_ = nullptr;
  std::vector<Owned<abi::Value>> buffers_;
  std::vector<Owned<abi::Value>> bound_outputs_;
  Copies in_;
  Copies out_;
};

}  // namespace mj::ort
