#pragma once

// A copy of the fake driver in a folder of its own with the script it shall play.
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/clock.h"

namespace mj::test {

class FakeNvml {
 public:
  explicit FakeNvml(const std::string& script) {
    std::string pattern = std::filesystem::temp_directory_path() / "mj-fake-nvml-XXXXXX";
    folder_ = mkdtemp(pattern.data());
    path_ = folder_ + "/libnvidia-ml.so.1";
    std::filesystem::copy_file(MJ_FAKE_NVML, path_);
    origin_ = monotonic_ns();
    std::ofstream(path_ + ".script") << "origin " << origin_ << "\n" << script;
  }
  ~FakeNvml() { std::filesystem::remove_all(folder_); }
  FakeNvml(const FakeNvml&) = delete;
  FakeNvml& operator=(const FakeNvml&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const std::string& folder() const { return folder_; }
  [[nodiscard]] int64_t origin() const { return origin_; }

 private:
  std::string folder_;
  std::string path_;
  int64_t origin_ = 0;
};

constexpr char kOneBoard[] = "device GPU-1111 00000000:19:00.0 Fake H100\n";

}  // namespace mj::test
