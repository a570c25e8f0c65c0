#pragma once

#include <mutex>
#include <string>

#include "base/dynlib.h"
#include "base/status.h"
#include "energy/nvml_abi.h"

namespace mj::energy {

// libnvidia-ml.so.1, opened and initialised once a path and kept for the life of the process: the driver's threads
// and handles outlive any meter, so there is no nvmlShutdown.
class NvmlLibrary {
 public:
  // Blocks in the driver, so it belongs on a thread that may be abandoned. An empty path: the system's library;
  // a folder: the library in it. A failure is not kept: the driver may be loaded later.
  static Status open(const std::string& path, const NvmlLibrary*& out);

  nvml::Functions api;
  std::string driver_version;
  int cuda_version = 0;    // 13000 for 13.0; 0: not told
  bool simulated = false;  // it exports `microjoule_simulated`: the fake of the tests and of the demo

  // What a return code means, as a sentence with its remedy.
  [[nodiscard]] Status status_of(nvml::Return result, const std::string& what) const;

 private:
  Status initialise(const std::string& path);
  DynLib library_;
};

}  // namespace mj::energy
