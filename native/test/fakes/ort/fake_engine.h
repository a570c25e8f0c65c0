#pragma once

// Engines as ONNX Runtime's TensorRT provider keeps them (tensorrt_execution_provider.cc of 1.18 to 1.29): files in
// trt_engine_cache_path, written without a look at whether that worked, and read back where they are there.
//   MJ_FAKE_BUILD_MS=N          a build takes so long
//   MJ_FAKE_ENGINE=dynamic      it is built in the first run, and has a profile
//   MJ_FAKE_ENGINE=cut          what is written is less than the engine, as on a full disk
//   MJ_FAKE_PROVIDER_LOG=FILE   gets a line of JSON for each session: its options; and the words built or loaded
#include <map>
#include <string>

namespace mj {

using EngineSettings = std::map<std::string, std::string>;

class FakeEngine {
 public:
  explicit FakeEngine(EngineSettings settings);
  // Empty, or why there is none.
  std::string at_creation();
  void at_run();

 private:
  [[nodiscard]] std::string setting(const std::string& name) const;
  std::string build_or_load();

  const EngineSettings settings_;
  bool ready_ = false;
};

}  // namespace mj
