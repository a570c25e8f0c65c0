#include "energy/system_facts.h"

#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <filesystem>

#include "test/check.h"
#include "test/rapl_tree.h"

namespace {

using namespace mj;
using namespace mj::energy;
using namespace mj::test;

constexpr const char* kGuest = "vendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 143\nflags\t\t: fpu hypervisor";

TEST("system facts: what the kernel says of this process") {
  const RaplTree tree(kSkylakeX);
  tree.write("proc/self/status",
             "Name:\tnode\nUid:\t1000\t1001\t1000\t1000\nCapInh:\t0000000000000000\nCapPrm:\t0000004000000000\n"
             "CapEff:\t0000004000000000\nCapBnd:\t000001ffffffffff\nNoNewPrivs:\t1\nSeccomp:\t2");
  tree.write("proc/self/uid_map", "         0          0 4294967295");
  const ProcessFacts process = read_system_facts(tree.roots()).process;
  CHECK(process.uid == 1001U);
  CHECK(process.effective->has(Capability::kPerfmon) && !process.effective->has(Capability::kSysRawio));
  CHECK(process.permitted->has(Capability::kPerfmon));
  CHECK(process.bounding->has(Capability::kSysRawio));
  CHECK(process.no_new_privileges == true);
  CHECK(process.seccomp_filter == true);
  CHECK(process.user_namespace == false);
  tree.write("proc/self/uid_map", "0 100000 65536");
  CHECK(read_system_facts(tree.roots()).process.user_namespace == true);
}

TEST("system facts: what is not told is left empty") {
  const RaplTree tree(kSkylakeX);
  const SystemFacts facts = read_system_facts(tree.roots());
  CHECK(!facts.process.uid && !facts.process.effective && !facts.process.bounding);
  CHECK(!facts.process.no_new_privileges && !facts.process.seccomp_filter && !facts.process.user_namespace);
  CHECK(facts.process.program.empty() && !facts.process.file_capabilities);
  CHECK(!facts.kernel.release && !facts.kernel.perf_paranoid && !facts.kernel.lockdown && !facts.kernel.perf.state);
  CHECK(!facts.confinement.container && !facts.confinement.powercap_masked);
  CHECK(facts.confinement.hypervisor.empty());
}

TEST("system facts: of the real process they agree with the kernel's calls") {
  const ProcessFacts process = read_system_facts({}).process;
  CHECK(process.uid == geteuid());
  CHECK(process.effective && process.bounding && process.no_new_privileges);
  CHECK_EQ(process.program, std::filesystem::read_symlink("/proc/self/exe").string());
}

TEST("system facts: capabilities that the running binary carries") {
  const RaplTree tree(kSkylakeX);
  tree.write("node", "");
  std::filesystem::create_directories(tree.path("proc/self"));
  std::filesystem::create_symlink(tree.path("node"), tree.path("proc/self/exe"));
  CHECK(!read_system_facts(tree.roots()).process.file_capabilities->has(Capability::kPerfmon));
  // Version 2, effective; CAP_PERFMON is bit 6 of the second word.
  const std::array<uint32_t, 5> capabilities = {0x02000001, 0, 0, 1U << 6U, 0};
  if (setxattr(tree.path("node").c_str(), "security.capability", capabilities.data(), sizeof(capabilities), 0) != 0) {
    return;  // only root may
  }
  const ProcessFacts process = read_system_facts(tree.roots()).process;
  CHECK(process.file_capabilities->has(Capability::kPerfmon));
  CHECK(!process.file_capabilities->has(Capability::kSysAdmin));
}

TEST("system facts: modules loaded, built in, available, and such that the kernel comes without") {
  const RaplTree tree(kSkylakeX);
  tree.write("proc/sys/kernel/osrelease", "6.8.0-45-generic");
  const auto kernel = [&] { return read_system_facts(tree.roots()).kernel; };
  const KernelRelease release = kernel().release.value();
  CHECK(release.major == 6 && release.minor == 8);
  CHECK(!kernel().perf.state);  // its lists cannot be seen
  tree.write("sys/module/rapl/refcnt", "0");
  tree.write("proc/self/root/lib/modules/6.8.0-45-generic/modules.builtin", "kernel/arch/x86/kernel/msr.ko");
  tree.write("proc/self/root/lib/modules/6.8.0-45-generic/modules.dep", "kernel/fs/fuse/fuse.ko.zst:");
  CHECK(kernel().perf.state == ModuleState::kLoaded);
  CHECK(kernel().msr.state == ModuleState::kBuiltIn);
  CHECK(kernel().powercap.state == ModuleState::kMissing);
  tree.write("proc/self/root/lib/modules/6.8.0-45-generic/modules.dep",
             "kernel/drivers/powercap/intel_rapl_msr.ko.zst: kernel/drivers/powercap/intel_rapl_common.ko.zst");
  CHECK(kernel().powercap.state == ModuleState::kAvailable);
}

TEST("system facts: older kernels call the modules otherwise") {
  const RaplTree tree(kSkylakeX);
  tree.write("proc/sys/kernel/osrelease", "4.19.0-27-amd64");
  tree.write("proc/self/root/lib/modules/4.19.0-27-amd64/modules.builtin", "");
  tree.write("proc/self/root/lib/modules/4.19.0-27-amd64/modules.dep",
             "kernel/arch/x86/events/intel/intel-rapl-perf.ko:\nkernel/drivers/powercap/intel_rapl.ko:");
  const KernelFacts kernel = read_system_facts(tree.roots()).kernel;
  CHECK_EQ(kernel.perf.name, "intel_rapl_perf");
  CHECK(kernel.perf.state == ModuleState::kAvailable);
  CHECK_EQ(kernel.powercap.name, "intel_rapl");
  CHECK(kernel.powercap.state == ModuleState::kAvailable);
}

TEST("system facts: lockdown and the paranoid level") {
  const RaplTree tree(kSkylakeX);
  tree.write("sys/kernel/security/lockdown", "none [integrity] confidentiality");
  tree.write("proc/sys/kernel/perf_event_paranoid", "-1");
  const KernelFacts kernel = read_system_facts(tree.roots()).kernel;
  CHECK(kernel.lockdown == Lockdown::kIntegrity);
  CHECK(kernel.perf_paranoid == -1);
}

struct ContainerCase {
  const char* file;
  const char* text;
  Container container;
};

TEST("system facts: containers by what they leave in cgroups, mounts and marks") {
  const ContainerCase cases[] = {
      {"proc/1/cgroup", "0::/kubepods.slice/kubepods-burstable.slice/cri-containerd-1.scope", Container::kKubernetes},
      {"proc/self/mountinfo", "9 8 0:1 /var/lib/kubelet/pods/4f/etc-hosts /etc/hosts rw - ext4 /dev/sda1 rw",
       Container::kKubernetes},
      {"proc/1/cgroup", "0::/machine.slice/libpod-75a.scope/container", Container::kPodman},
      {"proc/self/root/run/.containerenv", "", Container::kPodman},
      {"proc/1/cgroup", "4:memory:/docker/0a1b", Container::kDocker},
      {"proc/self/mountinfo", "9 8 8:1 /var/lib/docker/containers/0a1b/hosts /etc/hosts rw - ext4 /dev/sda1 rw",
       Container::kDocker},
      {"proc/1/cgroup", "0::/lxc.payload.c1", Container::kOther},
      {"proc/1/environ", "container=systemd-nspawn", Container::kOther},
      {"proc/1/cgroup", "0::/init.scope", Container::kNone},
  };
  for (const ContainerCase& one : cases) {
    const RaplTree tree(kSkylakeX);
    tree.write("proc/1/cgroup", "0::/");
    tree.write(one.file, one.text);
    CHECK(read_system_facts(tree.roots()).confinement.container == one.container);
  }
}

TEST("system facts: Docker's mark in a file system that was booted is no container") {
  const RaplTree tree(kSkylakeX);
  tree.write("proc/self/root/.dockerenv", "");
  tree.write("proc/self/mountinfo", "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw");
  CHECK(read_system_facts(tree.roots()).confinement.container == Container::kNone);
  tree.write("proc/self/mountinfo", "27 1 0:50 / / rw,relatime shared:1 master:2 - overlay overlay rw");
  CHECK(read_system_facts(tree.roots()).confinement.container == Container::kDocker);
}

TEST("system facts: a tmpfs over the powercap tree is a mask") {
  const RaplTree tree(kSkylakeX);
  const char* const point = "31 23 0:60 / /sys/devices/virtual/powercap ro,relatime - ";
  tree.write("proc/self/mountinfo", std::string(point) + "tmpfs tmpfs ro");
  CHECK(read_system_facts(tree.roots()).confinement.powercap_masked == true);
  tree.write("proc/self/mountinfo", "23 27 0:22 / /sys rw,relatime - sysfs sysfs rw");
  CHECK(read_system_facts(tree.roots()).confinement.powercap_masked == false);
}

struct GuestCase {
  const char* vendor;
  const char* product;
  const char* name;
};

TEST("system facts: hypervisors by the firmware's tables") {
  const GuestCase cases[] = {
      {"QEMU", "Standard PC (Q35 + ICH9, 2009)", "QEMU/KVM"},
      {"VMware, Inc.", "VMware20,1", "VMware"},
      {"Microsoft Corporation", "Virtual Machine", "Microsoft Hyper-V"},
      {"Xen", "HVM domU", "Xen"},
      {"Amazon EC2", "m7i.large", "Amazon EC2 m7i.large"},
      {"Google", "Google Compute Engine", "Google Compute Engine"},
      {"innotek GmbH", "VirtualBox", "VirtualBox"},
      {"Hetzner", "vServer", "Hetzner vServer"},
  };
  for (const GuestCase& one : cases) {
    const RaplTree tree(kGuest);
    tree.write("sys/class/dmi/id/sys_vendor", one.vendor);
    tree.write("sys/class/dmi/id/product_name", one.product);
    CHECK_EQ(read_system_facts(tree.roots()).confinement.hypervisor, one.name);
  }
}

TEST("system facts: hypervisors without firmware tables by their clocks, or unnamed") {
  const RaplTree tree(kGuest);
  const auto hypervisor = [&] { return read_system_facts(tree.roots()).confinement.hypervisor; };
  CHECK_EQ(hypervisor(), "an unnamed hypervisor");
  const std::string clocks = "sys/devices/system/clocksource/clocksource0/available_clocksource";
  tree.write(clocks, "tsc kvm-clock");
  CHECK_EQ(hypervisor(), "KVM, Firecracker or like it");
  tree.write(clocks, "tsc hyperv_clocksource_tsc_page");
  CHECK_EQ(hypervisor(), "Microsoft Hyper-V");
  tree.write("sys/hypervisor/type", "xen");
  CHECK_EQ(hypervisor(), "Xen");
}

}  // namespace
