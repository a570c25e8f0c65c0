#include "ort/memory.h"

#include "ort/error.h"

namespace mj::ort {

namespace {

Status make(const abi::Session* session, const char* name, int id, abi::MemType type, Memory& memory) {
  MJ_ORT_RETURN(api().CreateMemoryInfo(name, abi::kDeviceAllocator, id, type, out(memory.info)));
  return take(api().CreateAllocator(session, memory.info.get(), out(memory.allocator)));
}

}  // namespace

Status make_memory(const abi::Session* session, Place place, int ordinal, Memory& memory) {
  // 'Cpu', 'Cuda' and 'CudaPinned' are ONNX Runtime's names of these.
  if (place == Place::kCpu) return make(session, "Cpu", 0, abi::kMemTypeDefault, memory);
  if (place == Place::kDevice) return make(session, "Cuda", ordinal, abi::kMemTypeDefault, memory);
  Status status = make(session, "CudaPinned", ordinal, abi::kMemTypeCpuOutput, memory);
  // Releases differ in whether page-locked memory is the device's or number 0.
  if (status.ok() || ordinal == 0) return status;
  return make(session, "CudaPinned", 0, abi::kMemTypeCpuOutput, memory);
}

}  // namespace mj::ort
