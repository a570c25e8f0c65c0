#include "energy/confinement.h"

#include <unistd.h>

#include <algorithm>
#include <sstream>
#include <utility>
#include <vector>

#include "base/file.h"

namespace mj::energy {

namespace {

constexpr const char* kPowercap = "/sys/devices/virtual/powercap";

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

bool exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

struct Mount {
  std::string point;
  std::string root;  // of the mount within its file system
  std::string type;
};

// Lines of proc/<pid>/mountinfo: id, parent, device, root, point, options, optional fields, '-', type, source, options.
std::vector<Mount> mounts_in(const std::string& mountinfo) {
  std::vector<Mount> mounts;
  std::istringstream lines(mountinfo);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string skipped;
    Mount mount;
    words >> skipped >> skipped >> skipped >> mount.root >> mount.point;
    while (words >> skipped && skipped != "-") {
    }
    if (words >> mount.type) mounts.push_back(std::move(mount));
  }
  return mounts;
}

bool any(const std::vector<Mount>& mounts, bool (*is)(const Mount&)) {
  return std::any_of(mounts.begin(), mounts.end(), is);
}

// Docker's mark is a file, which stays behind where its file system is booted as a machine of its own.
bool looks_contained(const std::vector<Mount>& mounts) {
  return any(mounts, [](const Mount& mount) {
    return (mount.point == "/" && mount.type == "overlay") || mount.point == "/etc/hosts";
  });
}

bool in_pod(const std::vector<Mount>& mounts) {
  return any(mounts, [](const Mount& mount) {
    return holds(mount.root, "/kubelet/pods/") || holds(mount.point, "/secrets/kubernetes.io");
  });
}

bool in_docker(const std::vector<Mount>& mounts) {
  return any(mounts, [](const Mount& mount) { return holds(mount.root, "/docker/containers/"); });
}

std::optional<Container> container_of(const Roots& roots, const std::optional<std::string>& mountinfo) {
  const std::string proc = roots.proc_root();
  const std::optional<std::string> groups = file_text(proc + "/1/cgroup");
  if (!mountinfo && !groups) return {};
  const std::vector<Mount> mounts = mounts_in(mountinfo.value_or(""));
  const std::string cgroup = groups.value_or("");
  if (holds(cgroup, "kubepods") || in_pod(mounts)) return Container::kKubernetes;
  if (exists(proc + "/self/root/run/.containerenv") || holds(cgroup, "libpod-")) return Container::kPodman;
  const bool marked = exists(proc + "/self/root/.dockerenv") && (!mountinfo || looks_contained(mounts));
  if (marked || holds(cgroup, "/docker/") || in_docker(mounts)) return Container::kDocker;
  // systemd's convention, which LXC and others follow; only the owner of process 1 may read it.
  const std::string environment = file_text(proc + "/1/environ").value_or("");
  const std::string variable = "container=";
  const bool told = environment.compare(0, variable.size(), variable) == 0 || holds(environment, '\0' + variable);
  return told || holds(cgroup, "/lxc") ? Container::kOther : Container::kNone;
}

bool masked(const std::vector<Mount>& mounts) {
  return any(mounts, [](const Mount& mount) {
    const std::string point = kPowercap;
    return mount.type == "tmpfs" &&
           (mount.point == point || point.compare(0, mount.point.size() + 1, mount.point + "/") == 0);
  });
}

struct Maker {
  const char* vendor;   // in sys_vendor
  const char* product;  // in product_name
  const char* name;
};
constexpr Maker kMakers[] = {
    {"VMware", "", "VMware"},
    {"Microsoft", "Virtual Machine", "Microsoft Hyper-V"},
    {"Xen", "", "Xen"},
    {"innotek", "", "VirtualBox"},
    {"Amazon EC2", "", "Amazon EC2"},
    {"Google", "", "Google Compute Engine"},
    {"Parallels", "", "Parallels"},
    {"OpenStack", "", "OpenStack (KVM)"},
    {"QEMU", "", "QEMU/KVM"},
    {"", "KVM", "KVM"},
};

// Clocks that a hypervisor offers its guests bear its name. Under KVM, it is Firecracker and its kind that start guests
// without the firmware's tables.
constexpr std::pair<const char*, const char*> kClocks[] = {
    {"kvm-clock", "KVM, Firecracker or like it"}, {"hyperv", "Microsoft Hyper-V"}, {"xen", "Xen"}};

std::string hypervisor_of(const Roots& roots) {
  const std::string sys = roots.sys_root();
  const std::string vendor = file_text(sys + "/class/dmi/id/sys_vendor").value_or("");
  const std::string product = file_text(sys + "/class/dmi/id/product_name").value_or("");
  for (const Maker& maker : kMakers) {
    if (!holds(vendor, maker.vendor) || !holds(product, maker.product)) continue;
    const std::string name = maker.name;
    // The type of the instance, where the product is one.
    return name == "Amazon EC2" && !product.empty() ? name + " " + product : name;
  }
  if (file_text(sys + "/hypervisor/type") == "xen") return "Xen";
  const std::string clocks =
      file_text(sys + "/devices/system/clocksource/clocksource0/available_clocksource").value_or("");
  for (const auto& [clock, name] : kClocks) {
    if (!holds(clocks, clock)) continue;
    return name;
  }
  if (!vendor.empty()) return product.empty() ? vendor : vendor + " " + product;
  return "an unnamed hypervisor";
}

}  // namespace

const char* container_name(Container one) noexcept {
  switch (one) {
    case Container::kNone:
      return "none";
    case Container::kDocker:
      return "docker";
    case Container::kPodman:
      return "podman";
    case Container::kKubernetes:
      return "kubernetes";
    case Container::kOther:
      break;
  }
  return "other";
}

ConfinementFacts read_confinement(const Roots& roots, const Processor& processor) {
  ConfinementFacts facts;
  const std::optional<std::string> mountinfo = file_text(roots.proc_root() + "/self/mountinfo");
  facts.container = container_of(roots, mountinfo);
  if (mountinfo) facts.powercap_masked = masked(mounts_in(*mountinfo));
  if (processor.hypervisor) facts.hypervisor = hypervisor_of(roots);
  return facts;
}

}  // namespace mj::energy
