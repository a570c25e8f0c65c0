#include "energy/process_tree.h"

#include <cstdlib>
#include <optional>

#include "base/file.h"

namespace mj::energy {

namespace {

// Parents may change while they are followed; no tree is as deep as this.
constexpr int kMaxDepth = 256;

// proc_pid_stat(5): number, name in brackets (it may hold brackets, too), state, parent.
std::optional<unsigned int> parent_of(const std::string& proc, unsigned int pid) {
  const std::optional<std::string> stat = file_text(proc + "/" + std::to_string(pid) + "/stat");
  if (!stat) return std::nullopt;
  const size_t name_end = stat->rfind(')');
  if (name_end == std::string::npos || name_end + 4 >= stat->size()) return std::nullopt;
  return static_cast<unsigned int>(std::strtoul(stat->c_str() + name_end + 4, nullptr, 10));
}

}  // namespace

Kinship kinship(const std::string& proc, unsigned int pid, unsigned int ancestor) {
  if (pid == ancestor) return Kinship::kOurs;
  std::optional<unsigned int> parent = parent_of(proc, pid);
  if (!parent) return Kinship::kGone;
  for (int depth = 0; depth < kMaxDepth && parent && *parent != 0; ++depth) {
    if (*parent == ancestor) return Kinship::kOurs;
    parent = parent_of(proc, *parent);
  }
  return Kinship::kForeign;
}

}  // namespace mj::energy
