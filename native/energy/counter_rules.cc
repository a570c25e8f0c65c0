#include "energy/counter_rules.h"

#include <algorithm>
#include <limits>

#include "base/clock.h"

namespace mj::energy {

namespace {

constexpr double kHeadroom = 1.2;  // of the highest power seen
constexpr int64_t kPatiencePeriods = 3;
constexpr double kSeveralQuanta = 4;
// An update may be a period early or late at both ends of an interval: 4 % of its mean power.
constexpr int64_t kPeakPeriods = 50;

// What the scope draws at the very least while this program runs on it; 0: it may be off.
double least_power_w(Scope scope) noexcept {
  switch (scope) {
    case Scope::kBoard:
    case Scope::kModule:
      return 1;
    case Scope::kGpuMemory:
    case Scope::kPlatform:
      return 0.1;
    case Scope::kPackage:
      return 0.01;
    case Scope::kCore:
    case Scope::kUncore:
    case Scope::kDram:
      break;
  }
  return 0;
}

// Assumed: processors are sold with limits up to 500 W, boards up to some 1000 W, and a platform holds several.
double impossible_power_w(Scope scope) noexcept {
  const bool inside_package =
      scope == Scope::kPackage || scope == Scope::kCore || scope == Scope::kUncore || scope == Scope::kDram;
  return inside_package ? 2'000 : 10'000;
}

// No change is no update as long as even the least power would have taken the counter less than a few steps.
int64_t stuck_after(const ChannelInfo& channel) noexcept {
  const CounterTraits& traits = channel.traits;
  const double least_w = std::max(least_power_w(channel.scope), traits.min_power_w);
  if (least_w <= 0) return 0;
  const auto several_steps = static_cast<int64_t>(kSeveralQuanta * traits.quantum_j / least_w * kNsPerSecond);
  return std::max(kPatiencePeriods * (traits.period_ns + traits.filter_ns), several_steps);
}

}  // namespace

CounterRules counter_rules(const ChannelInfo& channel, int64_t read_period_ns) noexcept {
  CounterRules rules;
  rules.unit_j = channel.unit;
  rules.modulus = channel.modulus;
  rules.max_power_w = channel.traits.max_power_w;
  rules.stuck_after_ns = stuck_after(channel);
  rules.refresh_ns = channel.traits.period_ns < read_period_ns ? channel.traits.period_ns : 0;
  rules.quantum_j = std::max(channel.unit, channel.traits.quantum_j);
  rules.impossible_w = impossible_power_w(channel.scope);
  rules.peak_over_ns = kPeakPeriods * channel.traits.period_ns;
  return rules;
}

CounterGrowth counter_growth(const CounterRules& rules, double peak_w, const CounterPoint& from, uint64_t raw,
                             int64_t t_after) noexcept {
  constexpr double kSecondsPerNs = 1e-9;
  const double elapsed_s = static_cast<double>(t_after - from.since) * kSecondsPerNs;
  const double likely_w = rules.max_power_w > 0 ? std::max(rules.max_power_w, kHeadroom * peak_w) : rules.impossible_w;
  // A counter that stood just below its next step shows one quantum more than was spent.
  const double likely_j = likely_w * elapsed_s + rules.quantum_j;
  constexpr double kNever = std::numeric_limits<double>::infinity();
  constexpr CounterGrowth kAmbiguous{0, Fault::kAmbiguousWrap};
  const bool forwards = raw >= from.raw;
  if (forwards || rules.modulus > 0) {
    const uint64_t counts = forwards ? raw - from.raw : rules.modulus - from.raw + raw;
    const double joules = static_cast<double>(counts) * rules.unit_j;
    const double once_more_j = rules.modulus > 0 ? joules + static_cast<double>(rules.modulus) * rules.unit_j : kNever;
    if (joules <= likely_j) return once_more_j > likely_j ? CounterGrowth{counts} : kAmbiguous;
    // Limits of power are exceeded for a while (laptops: by four times), so that what they rule out is asked again.
    const double possible_j = std::max(likely_w, rules.impossible_w) * elapsed_s + rules.quantum_j;
    if (joules <= possible_j) return once_more_j > possible_j ? CounterGrowth{counts} : kAmbiguous;
    if (forwards) return {0, Fault::kJump};
  }
  return {0, static_cast<double>(raw) * rules.unit_j <= likely_j ? Fault::kReset : Fault::kBackwards};
}

}  // namespace mj::energy
