#include "energy/system_facts.h"

#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/file.h"
#include "energy/cpu.h"

namespace mj::energy {

namespace {

template <typename T>
std::optional<T> number(const std::optional<std::string>& text, int base) {
  if (!text) return {};
  char* end = nullptr;
  const auto value = std::strtoll(text->c_str(), &end, base);
  if (end == text->c_str()) return {};
  return static_cast<T>(value);
}

// The value of a line 'key:\tvalue' of proc/<pid>/status.
std::optional<std::string> field(const std::string& status, const std::string& key) {
  const std::string begin = key + ":\t";
  size_t at = status.compare(0, begin.size(), begin) == 0 ? 0 : status.find("\n" + begin);
  if (at == std::string::npos) return {};
  at = status.find('\t', at) + 1;
  return status.substr(at, status.find('\n', at) - at);
}

std::optional<CapabilitySet> capabilities(const std::string& status, const std::string& key) {
  constexpr int kHexadecimal = 16;
  const auto bits = number<uint64_t>(field(status, key), kHexadecimal);
  if (!bits) return {};
  return CapabilitySet{*bits};
}

// The whole range of ids mapped to itself is the namespace that the machine started with.
std::optional<bool> in_user_namespace(const std::string& proc) {
  const std::optional<std::string> map = file_text(proc + "/self/uid_map");
  if (!map) return {};
  unsigned long inside = 0;
  unsigned long outside = 0;
  unsigned long count = 0;
  if (std::sscanf(map->c_str(), "%lu %lu %lu", &inside, &outside, &count) != 3) return true;
  return inside != 0 || outside != 0 || count != UINT32_MAX;
}

// struct vfs_cap_data of <linux/capability.h>: a word of version and flags, then permitted and inheritable by halves.
std::optional<CapabilitySet> file_capabilities(const std::string& path) {
  std::array<uint32_t, 6> words{};
  const ssize_t size = getxattr(path.c_str(), "security.capability", words.data(), sizeof(words));
  constexpr ssize_t kVersion2Size = 5 * sizeof(uint32_t);
  if (size < 0) return errno == ENODATA ? std::optional(CapabilitySet{}) : std::nullopt;
  if (size < kVersion2Size) return {};
  return CapabilitySet{words[1] | static_cast<uint64_t>(words[3]) << 32U};
}

ProcessFacts read_process(const std::string& proc) {
  ProcessFacts facts;
  const std::string status = file_text(proc + "/self/status").value_or("");
  constexpr int kDecimal = 10;
  // Uid: real, effective, …
  if (const auto uids = field(status, "Uid"); uids && uids->find('\t') != std::string::npos) {
    facts.uid = number<uint32_t>(uids->substr(uids->find('\t') + 1), kDecimal);
  }
  facts.effective = capabilities(status, "CapEff");
  facts.permitted = capabilities(status, "CapPrm");
  facts.bounding = capabilities(status, "CapBnd");
  if (const auto set = number<int>(field(status, "NoNewPrivs"), kDecimal)) facts.no_new_privileges = *set != 0;
  if (const auto mode = number<int>(field(status, "Seccomp"), kDecimal)) facts.seccomp_filter = *mode == 2;
  facts.user_namespace = in_user_namespace(proc);
  std::array<char, 4096> target;
  const std::string link = proc + "/self/exe";
  const ssize_t length = readlink(link.c_str(), target.data(), target.size());
  if (length > 0) facts.program.assign(target.data(), static_cast<size_t>(length));
  if (length > 0) facts.file_capabilities = file_capabilities(link);
  return facts;
}

std::optional<KernelRelease> read_release(const std::string& proc) {
  const std::optional<std::string> text = file_text(proc + "/sys/kernel/osrelease");
  KernelRelease release;
  if (!text || std::sscanf(text->c_str(), "%d.%d", &release.major, &release.minor) != 2) return {};
  release.text = *text;
  return release;
}

// 'none [integrity] confidentiality'. No such file: the kernel has no lockdown, or /sys/kernel/security is not mounted.
std::optional<Lockdown> read_lockdown(const std::string& sys) {
  const std::optional<std::string> text = file_text(sys + "/kernel/security/lockdown");
  if (!text) return {};
  for (const Lockdown one : {Lockdown::kNone, Lockdown::kIntegrity, Lockdown::kConfidentiality}) {
    if (text->find("[" + std::string(lockdown_name(one)) + "]") != std::string::npos) return one;
  }
  return {};
}

// Modules as the kernel's own lists name them, where the machine's /lib/modules can be seen.
class Modules {
 public:
  Modules(const Roots& roots, const std::optional<KernelRelease>& release) : sys_(roots.sys_root()) {
    if (!release) return;
    const std::string folder = roots.proc_root() + "/self/root/lib/modules/" + release->text;
    built_in_ = file_text(folder + "/modules.builtin");
    available_ = file_text(folder + "/modules.dep");
  }

  [[nodiscard]] KernelModule operator()(const std::string& name) const { return {name, state(name)}; }

 private:
  [[nodiscard]] std::optional<ModuleState> state(const std::string& name) const {
    if (access((sys_ + "/module/" + name).c_str(), F_OK) == 0) return ModuleState::kLoaded;
    if (lists(built_in_, name)) return ModuleState::kBuiltIn;
    if (lists(available_, name)) return ModuleState::kAvailable;
    if (built_in_ && available_) return ModuleState::kMissing;
    return {};
  }
  // Files spell a module's name with '-' or '_'.
  static bool lists(const std::optional<std::string>& list, std::string name) {
    if (!list) return false;
    if (list->find("/" + name + ".ko") != std::string::npos) return true;
    std::replace(name.begin(), name.end(), '_', '-');
    return list->find("/" + name + ".ko") != std::string::npos;
  }

  const std::string sys_;
  std::optional<std::string> built_in_;
  std::optional<std::string> available_;
};

KernelFacts read_kernel(const Roots& roots) {
  constexpr int kDecimal = 10;
  KernelFacts facts;
  facts.release = read_release(roots.proc_root());
  facts.perf_paranoid = number<int>(file_text(roots.proc_root() + "/sys/kernel/perf_event_paranoid"), kDecimal);
  facts.lockdown = read_lockdown(roots.sys_root());
  const Modules modules(roots, facts.release);
  const auto before = [&](int major, int minor) { return facts.release && facts.release->before(major, minor); };
  facts.perf = modules(before(5, 8) ? "intel_rapl_perf" : "rapl");
  facts.msr = modules("msr");
  facts.powercap = modules(before(5, 3) ? "intel_rapl" : "intel_rapl_msr");
  return facts;
}

}  // namespace

const char* capability_name(Capability one) noexcept {
  switch (one) {
    case Capability::kDacOverride:
      return "CAP_DAC_OVERRIDE";
    case Capability::kDacReadSearch:
      return "CAP_DAC_READ_SEARCH";
    case Capability::kSysRawio:
      return "CAP_SYS_RAWIO";
    case Capability::kSysAdmin:
      return "CAP_SYS_ADMIN";
    case Capability::kPerfmon:
      break;
  }
  return "CAP_PERFMON";
}

const char* lockdown_name(Lockdown one) noexcept {
  switch (one) {
    case Lockdown::kNone:
      return "none";
    case Lockdown::kIntegrity:
      return "integrity";
    case Lockdown::kConfidentiality:
      break;
  }
  return "confidentiality";
}

const char* module_state_name(ModuleState one) noexcept {
  switch (one) {
    case ModuleState::kLoaded:
      return "loaded";
    case ModuleState::kBuiltIn:
      return "built-in";
    case ModuleState::kAvailable:
      return "available";
    case ModuleState::kMissing:
      break;
  }
  return "missing";
}

SystemFacts read_system_facts(const Roots& roots) {
  return {read_process(roots.proc_root()), read_kernel(roots), read_confinement(roots, read_processor(roots))};
}

}  // namespace mj::energy
