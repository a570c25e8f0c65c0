#include "energy/nvml_kernel.h"

#include "base/clock.h"
#include "energy/window_traits.h"

namespace mj::energy {

namespace {

constexpr unsigned int kPascal = 60;
constexpr unsigned int kTuring = 75;
constexpr unsigned int kGA100 = 80;
constexpr unsigned int kAmpere = 86;
constexpr unsigned int kHopper = 90;
constexpr unsigned int kBlackwell = 100;
constexpr int kAverageMs = 1000;
constexpr int kPeriodMs = 100;

std::string milliseconds(int64_t ns) { return std::to_string(ns / kNsPerMs) + " ms"; }

NvmlKernel known(int period_ms, int averaging_ms) {
  NvmlKernel out;
  out.known = true;
  out.kernel.period_ns = period_ms * kNsPerMs;
  out.kernel.averaging_ns = averaging_ms * kNsPerMs;
  out.text = averaging_ms >= period_ms
                 ? "means over " + milliseconds(out.kernel.averaging_ns)
                 : "means over " + std::to_string(averaging_ms) + " of each " + milliseconds(out.kernel.period_ns);
  return out;
}

// Of no board that was looked at: a mean over 25 ms in 100 at the least, and over 1 s at the most.
NvmlKernel unknown() {
  NvmlKernel out = known(kPeriodMs, kPeriodMs / 4);
  out.known = false;
  out.kernel.unplaced_ns = kAverageMs * kNsPerMs;
  out.text = "sensor not known, taken for means over 25 of each 100 ms that may be 1 s old";
  return out;
}

// [P: Yang, Adamek, Armour, SC'24]
NvmlKernel instant(const NvmlDevice& device) {
  const unsigned int capability = device.compute_capability();
  if (capability < kPascal || capability >= kBlackwell) return unknown();
  if (capability < kTuring) return known(20, 10);
  if (capability < kGA100) return known(kPeriodMs, kPeriodMs);
  if (capability < kAmpere) return known(kPeriodMs, 25);
  if (capability < kHopper) return known(kPeriodMs, kPeriodMs);
  return known(kPeriodMs, device.name().find("GH200") != std::string::npos ? 20 : 25);
}

}  // namespace

NvmlKernel nvml_power_kernel(const NvmlDevice& device, NvmlCall call) {
  if (call == NvmlCall::kPowerSamples) {
    return {nvml_ring_kernel(), true, "samples of the driver's filter, as an H100's"};
  }
  // [doc] nvmlDeviceGetPowerUsage: a mean over 1 s on Ampere (except GA100) and newer, else the power of the moment.
  const bool average =
      call == NvmlCall::kPowerAverage || (call == NvmlCall::kPowerUsage && device.compute_capability() > kGA100);
  return average ? known(kPeriodMs, kAverageMs) : instant(device);
}

NvmlCall nvml_power_to_integrate(const NvmlDevice& device) {
  for (const NvmlCall call :
       {NvmlCall::kPowerSamples, NvmlCall::kPowerAverage, NvmlCall::kPowerInstant, NvmlCall::kPowerUsage}) {
    if (device.supports(call)) return call;
  }
  return NvmlCall::kCount;
}

}  // namespace mj::energy
