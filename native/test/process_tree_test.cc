#include "energy/process_tree.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "test/check.h"

namespace {

using namespace mj::energy;
namespace fs = std::filesystem;

// A procfs with the processes 1 <- 10 <- 20 <- 30, and 40 of 1.
class ProcTree {
 public:
  ProcTree() {
    std::string name = fs::temp_directory_path() / "mj-proc-XXXXXX";
    root_ = mkdtemp(name.data());
    add(1, 0, "init");
    add(10, 1, "node");
    add(20, 10, "sh) S 1 (");
    add(30, 20, "python");
    add(40, 1, "other");
  }
  ~ProcTree() { fs::remove_all(root_); }
  ProcTree(const ProcTree&) = delete;
  ProcTree& operator=(const ProcTree&) = delete;

  [[nodiscard]] const std::string& root() const { return root_; }

 private:
  void add(int pid, int parent, const std::string& name) {
    const fs::path folder = fs::path(root_) / std::to_string(pid);
    fs::create_directory(folder);
    std::ofstream(folder / "stat") << pid << " (" << name << ") S " << parent << " 0 0\n";
  }

  std::string root_;
};

TEST("process tree: a process and all that it has started are its own") {
  const ProcTree tree;
  CHECK(kinship(tree.root(), 10, 10) == Kinship::kOurs);
  CHECK(kinship(tree.root(), 20, 10) == Kinship::kOurs);
  CHECK(kinship(tree.root(), 30, 10) == Kinship::kOurs);
  CHECK(kinship(tree.root(), 40, 10) == Kinship::kForeign);
  CHECK(kinship(tree.root(), 1, 10) == Kinship::kForeign);
  CHECK(kinship(tree.root(), 50, 10) == Kinship::kGone);
}

TEST("process tree: of the real procfs") {
  const auto self = static_cast<unsigned int>(getpid());
  const auto parent = static_cast<unsigned int>(getppid());
  CHECK(kinship("/proc", self, self) == Kinship::kOurs);
  CHECK(parent == 0 || kinship("/proc", self, parent) == Kinship::kOurs);
  CHECK(parent == 0 || kinship("/proc", parent, self) == Kinship::kForeign);
}

}  // namespace
