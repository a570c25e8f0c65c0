#pragma once

// A loaded model: ONNX Runtime's session and what it tells about itself.
#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "ort/cuda_device.h"
#include "ort/device_use.h"
#include "ort/memory.h"
#include "ort/placement.h"
#include "ort/providers.h"
#include "ort/value.h"

namespace mj::ort {

struct ValueInfo {
  std::string name;
  bool is_tensor = false;
  abi::ElementType type = abi::kUndefined;
  Shape shape;                       // -1: free
  std::vector<std::string> symbols;  // names of the free dimensions, empty for the others
};

struct ModelOptions {
  std::string path;  // or bytes, which must live until `load` has returned
  const void* bytes = nullptr;
  size_t size = 0;
  std::vector<ProviderRequest> providers;
  bool fallback = false;
  int intra_op_threads = 0;
  int inter_op_threads = 0;
  int graph_optimization = abi::kOptimizeAll;
  int execution_mode = abi::kSequential;
  bool cpu_arena = true;
  bool memory_pattern = true;
  std::string profile_prefix;  // empty: no profiling
  std::string optimized_path;
  std::string log_id;
  int log_severity = abi::kLogFatal;
  int log_verbosity = 0;
  std::vector<std::pair<std::string, int64_t>> free_dimensions;
  std::vector<std::pair<std::string, std::string>> config;
  struct External {
    std::string path;
    const void* bytes;
    size_t size;
  };
  std::vector<External> external_data;
};

// A provider that was passed over (`fallback`).
struct Skipped {
  std::string name;
  Status reason;
};

// What refers to ONNX Runtime's session and has to end before it.
class Dependent {
 public:
  virtual ~Dependent() = default;
  virtual void close() noexcept = 0;
};

class Model {
 public:
  using Cancelled = Door::Guest::Cancelled;
  static bool never() noexcept { return false; }

  Model() = default;
  ~Model() { leave_if_lost(); }
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  // Takes as long as it takes: never on the event loop. `cancelled` ends a wait for the device.
  static Status load(const ModelOptions& options, std::shared_ptr<Model>& result, const Cancelled& cancelled = never);

  [[nodiscard]] const std::vector<ValueInfo>& inputs() const noexcept { return inputs_; }
  [[nodiscard]] const std::vector<ValueInfo>& outputs() const noexcept { return outputs_; }
  [[nodiscard]] const std::vector<std::string>& providers() const noexcept { return providers_; }
  [[nodiscard]] const std::vector<Skipped>& skipped() const noexcept { return skipped_; }
  [[nodiscard]] const CudaDevice& device() const noexcept { return device_; }
  // The session among those that use the device.
  [[nodiscard]] const std::shared_ptr<DeviceUser>& user() const noexcept { return user_; }
  // Which provider took which node; empty where the library does not tell.
  [[nodiscard]] const std::vector<PlacedNode>& placement() const noexcept { return placement_; }

  // Where a copied input of so many bytes is best put: the session's arena keeps its pages, so that a large input does
  // not fault them in at every run; small ones are quicker from the heap.
  [[nodiscard]] abi::Allocator* allocator(size_t bytes) const noexcept {
    return bytes >= kArenaFrom ? arena_.get() : library().allocator;
  }

  // Memory of the session in this place, made on first use; on the executor's thread.
  Status memory(Place place, const Memory*& result);

  // The failure by which the device was lost to this process; ok: it was not.
  [[nodiscard]] Status lost() const;
  // What a failure of this session means: whether the device is gone, or out of memory. On the executor's thread.
  [[nodiscard]] Status judged(Status status) const;

  Status make_io_binding(Owned<abi::IoBinding>& binding);
  Status run_bound(const abi::IoBinding* binding);
  // `run_options` null: the model's own, which `terminate` reaches.
  Status run(const abi::RunOptions* run_options, const char* const* input_names, const abi::Value* const* inputs,
             size_t input_count, const char* const* output_names, size_t output_count, abi::Value** outputs);
  // Makes a run under way with the model's own options return early; `arm` before each run undoes it.
  void terminate() noexcept;
  void arm() noexcept;

  Status end_profiling(std::string& file);
  // Ends what depends on ONNX Runtime's session, and the session; nothing may run after it.
  void close() noexcept;
  void add(const std::shared_ptr<Dependent>& dependent);

 private:
  [[nodiscard]] Status by_device(Status status) const;
  void leave_if_lost();
  Status create(const ModelOptions& options, const std::vector<ProviderRequest>& providers, const Cancelled& cancelled);
  Status create_with_fallback(const ModelOptions& options, const Cancelled& cancelled);
  Status describe();

  static constexpr size_t kArenaFrom = 64 << 10;

  Owned<abi::Session> session_;
  Owned<abi::Allocator> arena_;
  std::array<Memory, kPlaces> memories_;
  Owned<abi::RunOptions> run_options_;
  std::atomic<bool> terminated_{false};
  std::vector<ValueInfo> inputs_;
  std::vector<ValueInfo> outputs_;
  std::vector<std::string> providers_;
  std::vector<Skipped> skipped_;
  std::vector<PlacedNode> placement_;
  CudaDevice device_;
  std::shared_ptr<DeviceUser> user_;
  std::vector<std::weak_ptr<Dependent>> dependents_;
};

}  // namespace mj::ort
