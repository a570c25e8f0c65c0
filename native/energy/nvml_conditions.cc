#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/clock.h"
#include "energy/nvml_sources.h"
#include "energy/process_tree.h"
#include "energy/realtime_offset.h"

namespace mj::energy {

namespace {

// A window's end brings a look of its own.
constexpr int64_t kPeriodNs = 500 * kNsPerMs;
// [H200] lists of processes change slowly and cost about 2 ms of CPU time, far more than the rest together.
constexpr int64_t kProcessesEveryNs = 2 * kNsPerSecond;
constexpr int64_t kProcessesAskedEveryNs = 200 * kNsPerMs;
constexpr unsigned int kBusyPercent = 1;
constexpr int64_t kStampReachesNs = 60 * kNsPerSecond;
// PROC_PID_INIT_INO of the kernel: the inode of the first PID namespace, whose PIDs the driver reports.
constexpr ino_t kInitialPidNamespace = 0xEFFFFFFC;

bool in_initial_pid_namespace() noexcept {
  struct stat info{};
  return stat("/proc/self/ns/pid", &info) == 0 && info.st_ino == kInitialPidNamespace;
}

class NvmlConditions final : public ConditionsSource {
 public:
  NvmlConditions(NvmlDevicePtr device, bool children_are_ours)
      : device_(std::move(device)),
        name_("nvml" + std::to_string(device_->index()) + "-state"),
        device_id_("board-" + std::to_string(device_->index())),
        pids_are_ours_(in_initial_pid_namespace()),
        children_are_ours_(children_are_ours),
        own_pid_(static_cast<unsigned int>(getpid())) {}

  [[nodiscard]] const std::string& name() const noexcept override { return name_; }
  [[nodiscard]] const std::string& device_id() const noexcept override { return device_id_; }
  [[nodiscard]] double power_limit_w() const noexcept override { return device_->power_limit_w(); }
  [[nodiscard]] int64_t period_ns() const noexcept override { return kPeriodNs; }

  bool read(ConditionSample& out, Fault& fault, bool asked) noexcept override {
    fault = Fault::kNone;
    out = {};
    out.at = monotonic_ns();
    bool any = number(NvmlCall::kTemperature, out.temperature_c, fault);
    any |= number(NvmlCall::kSmClock, out.sm_clock_mhz, fault);
    any |= number(NvmlCall::kMemoryClock, out.memory_clock_mhz, fault);
    uint64_t mask = 0;
    if (device_->supports(NvmlCall::kThrottleReasons) &&
        succeeded(device_->read(NvmlCall::kThrottleReasons, mask), fault)) {
      out.throttle_known = any = true;
      out.throttle_mask = mask;
    }
    nvml::Utilization utilization{};
    if (device_->supports(NvmlCall::kUtilization) && succeeded(device_->utilization(utilization), fault)) {
      out.gpu_utilization_percent = static_cast<float>(utilization.gpu);
      out.memory_utilization_percent = static_cast<float>(utilization.memory);
      any = true;
    }
    if (out.at >= last_processes_ + (asked ? kProcessesAskedEveryNs : kProcessesEveryNs)) {
      last_processes_ = out.at;
      out.looked_at_processes = true;
      busy_pids_ = {};
      other_work_ = read_other_work(fault);
    }
    out.other_work = other_work_;
    if (other_work_ == OtherWork::kBusy) {
      out.busy_pids = busy_pids_;
      out.busy_at = busy_at_;
    }
    return any;
  }

 private:
  static bool succeeded(nvml::Return result, Fault& fault) noexcept {
    if (nvml_fault(result) != Fault::kNone) fault = nvml_fault(result);
    return result == nvml::kSuccess;
  }

  bool number(NvmlCall call, float& out, Fault& fault) noexcept {
    uint64_t value = 0;
    if (!device_->supports(call) || !succeeded(device_->read(call, value), fault)) return false;
    out = static_cast<float>(value);
    return true;
  }

  // With `children_are_ours_` also those that this process has started.
  [[nodiscard]] Kinship kin(unsigned int pid) const {
    if (pid == own_pid_) return Kinship::kOurs;
    return pids_are_ours_ && children_are_ours_ ? kinship("/proc", pid, own_pid_) : Kinship::kForeign;
  }

  // The driver stamps by the wall clock; where it does not, the sample counts as one of now.
  static int64_t stamped(const nvml::ProcessUtilization& sample, const ClockPair& clocks) noexcept {
    const int64_t at = static_cast<int64_t>(sample.timestamp_us) * kNsPerUs - clocks.offset_ns;
    return std::abs(clocks.at - at) < kStampReachesNs ? at : clocks.at;
  }

  // Who else uses the SMs. The driver names processes by their PIDs in the first namespace: in a container these are
  // nobody we know, so that only two busy ones at once prove that one is not ours.
  OtherWork read_other_work(Fault& fault) noexcept {
    if (!device_->supports(NvmlCall::kProcessUtilization)) return without_utilization(fault);
    auto count = static_cast<unsigned int>(samples_.size());
    const nvml::Return result = device_->process_utilization(seen_us_, samples_.data(), count);
    // Nobody at all has used the SMs since the last look.
    if (result == nvml::kNotFound && pids_are_ours_) return OtherWork::kNone;
    if (!succeeded(result, fault)) return OtherWork::kUnknown;
    const ClockPair clocks = read_clock_pair();
    std::array<unsigned int, kMaxProcesses> busy{};
    size_t busy_count = 0;
    bool gone = false;
    for (unsigned int i = 0; i < count; ++i) {
      seen_us_ = std::max<uint64_t>(seen_us_, samples_[i].timestamp_us);
      if (samples_[i].sm_percent <= kBusyPercent) continue;
      const Kinship who = kin(samples_[i].pid);
      if (who == Kinship::kGone) gone = true;
      if (who != Kinship::kForeign) continue;
      busy_at_ = std::max(busy_at_, stamped(samples_[i], clocks));
      const auto end = busy.begin() + static_cast<ptrdiff_t>(busy_count);
      if (std::find(busy.begin(), end, samples_[i].pid) == end) busy[busy_count++] = samples_[i].pid;
    }
    std::copy_n(busy.begin(), std::min(busy_count, busy_pids_.size()), busy_pids_.begin());
    if (pids_are_ours_ && busy_count == 0) return gone ? OtherWork::kUnknown : OtherWork::kNone;
    if (pids_are_ours_) return OtherWork::kBusy;
    return busy_count > 1 ? OtherWork::kBusy : OtherWork::kUnknown;
  }

  // Nobody but us has a context: nobody but us can work. More than that the bare list does not tell.
  OtherWork without_utilization(Fault& fault) noexcept {
    if (!pids_are_ours_ || !device_->supports(NvmlCall::kProcesses)) return OtherWork::kUnknown;
    auto count = static_cast<unsigned int>(processes_.size());
    if (!succeeded(device_->processes(processes_.data(), count), fault)) return OtherWork::kUnknown;
    const auto others =
        std::count_if(processes_.begin(), processes_.begin() + count,
                      [this](const nvml::ProcessInfo& process) { return kin(process.pid) != Kinship::kOurs; });
    return others == 0 ? OtherWork::kNone : OtherWork::kUnknown;
  }

  static constexpr size_t kMaxProcesses = 256;

  const NvmlDevicePtr device_;
  const std::string name_;
  const std::string device_id_;
  const bool pids_are_ours_;
  const bool children_are_ours_;
  const unsigned int own_pid_;
  std::array<nvml::ProcessUtilization, kMaxProcesses> samples_{};
  std::array<nvml::ProcessInfo, kMaxProcesses> processes_{};
  uint64_t seen_us_ = 0;
  int64_t busy_at_ = 0;
  int64_t last_processes_ = INT64_MIN / 2;
  OtherWork other_work_ = OtherWork::kUnknown;
  std::array<uint32_t, kMostBusyNamed> busy_pids_{};
};

}  // namespace

std::unique_ptr<ConditionsSource> make_nvml_conditions(const NvmlDevicePtr& device, bool children_are_ours) {
  return std::make_unique<NvmlConditions>(device, children_are_ours);
}

}  // namespace mj::energy
