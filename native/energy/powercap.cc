#include "energy/powercap.h"

#include <dirent.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>

#include "base/file.h"

namespace mj::energy {

namespace {

constexpr const char* kControl = "intel-rapl";  // AMD's zones bear this name too
constexpr int kDeepest = 4;                     // control type, package, domain, and one to spare

bool begins_with(const std::string& text, const std::string& beginning) {
  return text.compare(0, beginning.size(), beginning) == 0;
}

// Control type and numbers of 'intel-rapl:0:a': the kernel counts in hexadecimal.
std::pair<std::string, std::vector<long>> place_of(const std::string& id) {
  std::pair<std::string, std::vector<long>> place;
  size_t colon = id.find(':');
  place.first = id.substr(0, colon);
  for (; colon != std::string::npos; colon = id.find(':', colon + 1)) {
    place.second.push_back(std::strtol(id.c_str() + colon + 1, nullptr, 16));
  }
  return place;
}

int entries_of(const std::string& folder, std::vector<std::string>& out) {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(opendir(folder.c_str()), closedir);
  if (directory == nullptr) return errno;
  while (const dirent* entry = readdir(directory.get())) out.emplace_back(entry->d_name);
  return 0;
}

// Walks the zones. In the class folder all of them stand side by side as symbolic links, each with its children inside;
// in the real place they are nested: a zone is known by its id, however it was reached.
class Walk {
 public:
  explicit Walk(std::vector<PowercapZone>& zones) : zones_(zones) {}

  void into(const std::string& folder, int depth) {
    std::vector<std::string> entries;
    const int error = entries_of(folder, entries);
    if (error_ == 0) error_ = error;
    if (depth == kDeepest) return;
    for (const std::string& entry : entries) {
      if (!begins_with(entry, kControl)) continue;
      found_ = true;
      const std::string path = folder + "/" + entry;
      if (entry.find(':') != std::string::npos) add(entry, path);
      into(path, depth + 1);
    }
  }

  [[nodiscard]] int error() const noexcept { return error_; }  // the first errno
  [[nodiscard]] bool found() const noexcept { return found_; }

 private:
  void add(const std::string& id, const std::string& path) {
    if (std::any_of(zones_.begin(), zones_.end(), [&](const PowercapZone& zone) { return zone.id == id; })) return;
    PowercapZone zone;
    zone.id = id;
    zone.path = path;
    const int error = read_file(path + "/name", zone.name);
    if (error_ == 0) error_ = error;
    if (error != 0) return;
    const size_t last = id.rfind(':');
    if (last != id.find(':')) zone.parent = id.substr(0, last);
    zones_.push_back(std::move(zone));
  }

  std::vector<PowercapZone>& zones_;
  int error_ = 0;
  bool found_ = false;
};

Status no_zones(const Walk& walk, const std::string& root) {
  if (walk.error() == EACCES || walk.error() == EPERM) {
    return {Code::kPermissionDenied, "This process may not look into " + root + ".", "Mount /sys readable."};
  }
  if (walk.found()) {
    return {Code::kNotSupported, "The zones in " + root + " are masked, as containers do it.",
            "Mount the host's /sys/devices/virtual/powercap into the container, read-only."};
  }
  if (walk.error() == ENOENT) {
    return {Code::kNotSupported, "There is no " + root + ": the kernel has no powercap, or the container no /sys.",
            "sudo modprobe intel_rapl_msr"};
  }
  if (walk.error() != 0) {
    return {Code::kIoFailure, "Reading " + root + ": " + std::string(std::strerror(walk.error())) + "."};
  }
  return {Code::kNotSupported, "There are no RAPL zones in " + root + ".", "sudo modprobe intel_rapl_msr"};
}

}  // namespace

PowercapTree read_powercap(const Roots& roots) {
  PowercapTree tree;
  Walk walk(tree.zones);
  walk.into(roots.powercap_root(), 0);
  std::sort(tree.zones.begin(), tree.zones.end(),
            [](const PowercapZone& a, const PowercapZone& b) { return place_of(a.id) < place_of(b.id); });
  if (tree.zones.empty()) tree.refused = no_zones(walk, roots.powercap_root());
  return tree;
}

bool zone_number(const PowercapZone& zone, const std::string& file, uint64_t& out) {
  std::string text;
  if (read_file(zone.path + "/" + file, text) != 0 || text.empty()) return false;
  char* end = nullptr;
  out = std::strtoull(text.c_str(), &end, 10);
  return *end == '\0';
}

}  // namespace mj::energy
