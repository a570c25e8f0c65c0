#pragma once

#include <memory>

#include "ort/library.h"

namespace mj::ort {

template <typename T>
struct Release;

#define MJ_ORT_RELEASE(type, function)                                   \
  template <>                                                            \
  struct Release<abi::type> {                                            \
    void operator()(abi::type* object) const { api().function(object); } \
  };
MJ_ORT_RELEASE(Allocator, ReleaseAllocator)
MJ_ORT_RELEASE(CudaOptions, ReleaseCUDAProviderOptions)
MJ_ORT_RELEASE(IoBinding, ReleaseIoBinding)
MJ_ORT_RELEASE(MemoryInfo, ReleaseMemoryInfo)
MJ_ORT_RELEASE(RunOptions, ReleaseRunOptions)
MJ_ORT_RELEASE(Session, ReleaseSession)
MJ_ORT_RELEASE(SessionOptions, ReleaseSessionOptions)
MJ_ORT_RELEASE(TensorInfo, ReleaseTensorTypeAndShapeInfo)
MJ_ORT_RELEASE(TensorRtOptions, ReleaseTensorRTProviderOptions)
MJ_ORT_RELEASE(TypeInfo, ReleaseTypeInfo)
MJ_ORT_RELEASE(Value, ReleaseValue)
#undef MJ_ORT_RELEASE

// An object of ONNX Runtime with its owner.
template <typename T>
using Owned = std::unique_ptr<T, Release<T>>;

// The out-parameter of a creating call: fills the owner when the full expression ends.
template <typename T>
class Out {
 public:
  explicit Out(Owned<T>& owner) : owner_(owner) {}
  Out(const Out&) = delete;
  Out& operator=(const Out&) = delete;
  ~Out() { owner_.reset(raw_); }
  operator T**() { return &raw_; }  // NOLINT(google-explicit-constructor): stands for the pointer it is passed as

 private:
  Owned<T>& owner_;
  T* raw_ = nullptr;
};

template <typename T>
Out<T> out(Owned<T>& owner) {
  return Out<T>(owner);
}

}  // namespace mj::ort
