#include "energy/rapl_probe.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "base/thread.h"

namespace mj::energy {

namespace {

constexpr int64_t kWatchNs = 350 * kNsPerMs;
constexpr size_t kEnoughReads = 2000;  // for a 99th percentile
constexpr size_t kEnoughChanges = 40;
constexpr size_t kMostTimes = 20'000;

// What the reads of one source took, and when each of its counters changed.
struct Timing {
  struct Changes {
    uint64_t last = 0;
    int64_t last_at = 0;
    std::vector<double> gaps_ns;
    std::vector<double> steps;  // counts
  };
  std::vector<double> call_ns;
  std::vector<Changes> changes;  // by channel
  double spacing_ns = 0;         // between two reads
};

bool enough(const Timing& timing, size_t reads) {
  return reads >= kEnoughReads && std::all_of(timing.changes.begin(), timing.changes.end(),
                                              [](const auto& one) { return one.gaps_ns.size() >= kEnoughChanges; });
}

void note(Timing::Changes& changes, const RawReading& reading, uint64_t modulus) {
  if (reading.raw == changes.last && changes.last_at != 0) return;
  // The first value only starts the watch, and the first change after it: nobody saw the one before it come.
  if (changes.last_at > 0) {
    const bool wrapped = modulus > 0 && reading.raw < changes.last;
    const uint64_t step = reading.raw - changes.last + (wrapped ? modulus : 0);
    changes.gaps_ns.push_back(static_cast<double>(reading.t_after - changes.last_at));
    changes.steps.push_back(static_cast<double>(step));
  }
  changes.last_at = changes.last_at == 0 ? -1 : reading.t_after;
  changes.last = reading.raw;
}

void watch(Source& source, Timing& timing) {
  pin_this_thread(source.cpus());
  timing.call_ns.reserve(kMostTimes);
  timing.changes.resize(source.channels().size());
  std::vector<RawReading> readings(source.max_readings());
  const int64_t begin = monotonic_ns();
  int64_t after = begin;
  size_t reads = 0;
  for (; after - begin < kWatchNs && !enough(timing, reads); ++reads) {
    const int64_t before = monotonic_ns();
    const ReadOutcome outcome = source.read(readings.data());
    after = monotonic_ns();
    if (outcome.failed) break;
    if (timing.call_ns.size() < kMostTimes) timing.call_ns.push_back(static_cast<double>(after - before));
    for (size_t i = 0; i < outcome.count; ++i) {
      const uint32_t channel = readings[i].channel;
      note(timing.changes[channel], readings[i], source.channels()[channel].modulus);
    }
  }
  if (reads > 0) timing.spacing_ns = static_cast<double>(after - begin) / static_cast<double>(reads);
}

// NaN where the counter moves as fast as it can be read, and where each change is a single step: then the steps come as
// the energy makes them, however often the register is updated.
double update_period_ns(const Timing::Changes& changes, const ChannelInfo& info, double spacing_ns) {
  constexpr double kReadsBetween = 3;
  constexpr double kStepsAChange = 1.5;
  const double gap = median(changes.gaps_ns);
  const double step_j = median(changes.steps) * info.unit;
  return gap > kReadsBetween * spacing_ns && step_j > kStepsAChange * info.traits.quantum_j ? gap : kNotSeen;
}

ProbedCounter counter_of(const ChannelInfo& info) {
  ProbedCounter counter;
  counter.id = info.id;
  counter.family = "rapl";
  counter.method = info.method;
  counter.scope = info.scope;
  if (info.traits.quantum_j > 0) counter.resolution = std::max(info.traits.quantum_j, info.unit);
  counter.unsupported = info.unsupported;
  return counter;
}

void list_counters(const OpenedFamily& family, const Status& refused, bool timing, std::vector<ProbedCounter>& out) {
  for (const auto& source : family.sources) {
    Timing seen;
    // On a thread of its own, since it is pinned to the package.
    if (timing && refused.ok()) std::thread([&] { watch(*source, seen); }).join();
    for (size_t i = 0; i < source->channels().size(); ++i) {
      const ChannelInfo& info = source->channels()[i];
      ProbedCounter counter = counter_of(info);
      counter.unsupported = refused;  // sound by itself, but no meter reads an interface without a package
      counter.call_ns = seen.call_ns;
      if (!seen.changes.empty()) counter.update_period_ns = update_period_ns(seen.changes[i], info, seen.spacing_ns);
      out.push_back(std::move(counter));
    }
  }
  for (const ChannelInfo& info : family.unsupported) out.push_back(counter_of(info));
}

}  // namespace

RaplProbe probe_rapl(const Roots& roots, bool timing) {
  RaplProbe probe;
  RaplScene scene = read_rapl_scene(roots);
  const bool filtered = rapl_filtered(scene.processor, roots);
  std::vector<RaplAttempt> attempts;
  for (const RaplInterface one : kRaplInterfaces) {
    RaplAttempt attempt{one, open_watched_rapl(one, roots)};
    probe.interfaces.push_back(diagnose_rapl(scene, attempt, filtered));
    const RaplDiagnosis& diagnosis = probe.interfaces.back();
    if (diagnosis.usable && !probe.chosen) probe.chosen = one;
    if (!attempt.found.groups.empty()) {
      const Status refused = diagnosis.usable ? Status() : diagnosis.status;
      list_counters(rapl_family(attempt.found, one, filtered), refused, timing, probe.counters);
    }
    attempts.push_back(std::move(attempt));
  }
  if (!probe.chosen) {
    ProbedCounter none;
    none.id = "package-0";
    none.family = none.method = "rapl";
    none.scope = Scope::kPackage;
    none.unsupported = rapl_refusal(scene, attempts);
    probe.counters.push_back(std::move(none));
  }
  probe.processor = std::move(scene.processor);
  probe.system = std::move(scene.system);
  return probe;
}

}  // namespace mj::energy
