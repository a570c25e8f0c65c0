#pragma once

namespace mj::ort {

// Marks a stretch in which a thread of ours is inside ONNX Runtime.
class RuntimeUse {
 public:
  // Never returns once the exit has begun: what ONNX Runtime needs is being destroyed.
  RuntimeUse() noexcept;
  ~RuntimeUse();
  RuntimeUse(const RuntimeUse&) = delete;
  RuntimeUse& operator=(const RuntimeUse&) = delete;
};

// To be called when the process is about to exit. `exit` runs the static destructors of ONNX Runtime while its other
// threads go on, and one that is loading a model then crashes (seen: signals 6 and 11). From now on no thread enters;
// those inside get a moment to come out, and where one does not, the process ends with its code and without
// destructors.
void guard_exit();

}  // namespace mj::ort
