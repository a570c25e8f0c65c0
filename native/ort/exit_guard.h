#pragma once

#include <atomic>
#include <cstdint>

namespace mj::ort {

// Marks a stretch in which a thread is inside ONNX Runtime.
class RuntimeUse {
 public:
  // Once the exit has begun, what ONNX Runtime needs is being destroyed: a thread of ours stays in here for good, one
  // of Node's is told not to go on.
  enum class IfExiting : uint8_t { kStay, kDecline };
  explicit RuntimeUse(IfExiting if_exiting = IfExiting::kStay) noexcept;
  ~RuntimeUse();
  [[nodiscard]] bool entered() const noexcept { return entered_; }
  RuntimeUse(const RuntimeUse&) = delete;
  RuntimeUse& operator=(const RuntimeUse&) = delete;

 private:
  bool entered_ = true;
};

// To be called when the process is about to exit. `exit` runs the static destructors of ONNX Runtime while its other
// threads go on, and one that is loading a model then crashes (seen: signals 6 and 11). From now on no thread enters;
// those inside get a moment to come out, and where one does not, the process ends with its code and without
// destructors.
void guard_exit(int exit_code);

// Node frees its memory when an environment ends, also what a run in the device has borrowed. To be called before that
// with the number of such runs: a worker's end waits for them, the end of the process does not and happens here.
void outlast(const std::atomic<int>& runs) noexcept;

}  // namespace mj::ort
