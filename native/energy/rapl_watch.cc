#include "energy/rapl_watch.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <thread>

#include "base/clock.h"

namespace mj::energy {

namespace {

constexpr int64_t kPatienceNs = 100 * kNsPerMs;
// A platform that counts in joules takes more than this, and shows three steps in the time it is given.
constexpr double kLeastPlatformW = 10;
constexpr double kStepsToSee = 3;
// Between two looks: half of the counters' update period.
constexpr int64_t kLookEveryNs = kNsPerMs / 2;
// So much of it asleep: whoever moves an emulated counter may be waiting for this CPU.
constexpr std::chrono::microseconds kRest{50};
// One look says no more than this of what a counter did, however long the watcher was kept from the next one.
constexpr int64_t kMostOfOneLookNs = 2 * kNsPerMs;
// More than any package takes; a step beyond it is none of energy. Firmware and emulations may be so late with a value
// (assumed), and before the first look nobody knows how long it had stood.
constexpr double kImplausibleW = 10'000;
constexpr int64_t kLateNs = 10 * kNsPerMs;
constexpr int64_t kStoodBeforeNs = kNsPerSecond;
// The second one has a known beginning.
constexpr int kStepsToTrust = 2;
// Looks at which two counters must have agreed to be one.
constexpr int kLooksToAgree = 8;

// One counter while it is watched.
struct Watched {
  RaplDomain* domain;
  uint64_t first_pass = 0;  // of the present look
  uint64_t second_pass = 0;
  uint64_t last = 0;
  int64_t last_before = 0;  // the last read began
  int64_t step_after = 0;   // the step to `last` came later than this
  bool started = false;
  int steps = 0;
};

// Counts from one value to a later one, across at most one wrap.
uint64_t ahead(uint64_t from, uint64_t to, uint64_t modulus) noexcept {
  return modulus > 0 && to < from ? modulus - from + to : to - from;
}

std::string seconds(double joules, int64_t ns) {
  std::array<char, 64> text;
  std::snprintf(text.data(), text.size(), "%.3g J within %.2g ms", joules, static_cast<double>(ns) / kNsPerMs);
  return text.data();
}

// What is wrong with a step that was seen by an instant; its energy was gathered since the step before it.
void examine_step(const Watched& counter, uint64_t raw, int64_t by) {
  RaplDomain& domain = *counter.domain;
  const double step = static_cast<double>(ahead(counter.last, raw, domain.modulus)) * domain.unit_j;
  const int64_t gathered_ns = by - counter.step_after + kLateNs;
  const double plausible = domain.quantum_j + kImplausibleW * static_cast<double>(gathered_ns) / kNsPerSecond;
  const int64_t elapsed = by - counter.last_before;
  if (raw < counter.last && (domain.modulus == 0 || step > plausible)) {
    domain.flaw = RaplFlaw::kBackwards;
    domain.unsupported = {
        Code::kNotSupported,
        "It moved backwards, by " + seconds(static_cast<double>(counter.last - raw) * domain.unit_j, elapsed) + "."};
  } else if (step > plausible) {
    domain.flaw = RaplFlaw::kJumps;
    domain.unsupported = {Code::kNotSupported, "It jumped by " + seconds(step, elapsed) + "."};
  }
}

// A read within [before, after]: held up in it, one does not know when in between the value was taken.
void observe(Watched& counter, uint64_t raw, int64_t before, int64_t after) {
  if (!counter.started) {
    counter.step_after = before - kStoodBeforeNs;
  } else if (raw != counter.last && counter.domain->unsupported.ok()) {
    examine_step(counter, raw, after);
    counter.step_after = counter.last_before;
    ++counter.steps;
  }
  counter.started = true;
  counter.last = raw;
  counter.last_before = before;
}

int64_t patience_ns(const RaplDomain& domain) noexcept {
  const double steps = kStepsToSee * domain.quantum_j / kLeastPlatformW * kNsPerSecond;
  return std::max(kPatienceNs, static_cast<int64_t>(steps));
}

// Two counters of one scope that may be one: read one after the other in each pass, the later one's value must lie
// between the earlier one's two values, at every look.
struct Pair {
  size_t kept;
  size_t mirror;
  int looks = 0;
  bool differ = false;
};

class Watch {
 public:
  explicit Watch(std::vector<RaplGroup>& groups) : groups_(groups) {
    for (RaplGroup& group : groups_) {
      for (RaplDomain& domain : group.domains) counters_.push_back({&domain});
    }
    for (size_t i = 0; i < counters_.size(); ++i) {
      for (size_t k = i + 1; k < counters_.size(); ++k) {
        if (comparable(*counters_[i].domain, *counters_[k].domain)) pairs_.push_back({i, k});
      }
    }
  }

  void run() {
    const int64_t begin = monotonic_ns();
    int64_t last = begin;
    int64_t watched = 0;
    for (;;) {
      look();
      const int64_t now = monotonic_ns();
      watched += std::min(now - last, kMostOfOneLookNs);
      last = now;
      if (done(watched)) break;
      pause_until(now + kLookEveryNs);
    }
    judge(last - begin);
  }

 private:
  // Counts that the kernel extends start at 0 when they are opened: their values say nothing of what they count.
  static bool comparable(const RaplDomain& a, const RaplDomain& b) noexcept {
    return a.scope == b.scope && a.modulus > 0 && a.modulus == b.modulus && a.unit_j == b.unit_j;
  }

  // Busy for the rest, so that the counters have something to count.
  static void pause_until(int64_t instant) {
    std::this_thread::sleep_for(kRest);
    while (monotonic_ns() < instant) {
    }
  }

  void look() {
    pass(&Watched::first_pass);
    if (pairs_.empty()) return;
    pass(&Watched::second_pass);
    compare();
  }

  void pass(uint64_t Watched::* value) {
    size_t next = 0;
    for (const RaplGroup& group : groups_) {
      std::array<uint64_t, kMostRaplDomains> raws{};
      const int64_t before = monotonic_ns();
      const bool failed = group.reads->read(raws.data()).failed;
      const int64_t after = monotonic_ns();
      for (size_t i = 0; i < group.domains.size(); ++i) {
        Watched& counter = counters_[next++];
        if (failed) {
          counter.domain->unsupported = {Code::kIoFailure, "It opens, and reading it fails."};
          counter.domain->flaw = RaplFlaw::kReadFails;
          continue;
        }
        counter.*value = raws[i];
        observe(counter, raws[i], before, after);
      }
    }
  }

  void compare() {
    for (Pair& pair : pairs_) {
      const Watched& kept = counters_[pair.kept];
      const uint64_t modulus = kept.domain->modulus;
      const uint64_t between = ahead(kept.first_pass, counters_[pair.mirror].first_pass, modulus);
      pair.differ |= between > ahead(kept.first_pass, kept.second_pass, modulus);
      ++pair.looks;
    }
  }

  [[nodiscard]] bool done(int64_t watched_ns) const {
    const bool seen = std::all_of(counters_.begin(), counters_.end(), [&](const Watched& counter) {
      return counter.steps >= kStepsToTrust || !counter.domain->unsupported.ok() ||
             watched_ns >= patience_ns(*counter.domain);
    });
    return seen && std::all_of(pairs_.begin(), pairs_.end(),
                               [](const Pair& pair) { return pair.differ || pair.looks >= kLooksToAgree; });
  }

  void judge(int64_t elapsed) {
    for (Watched& counter : counters_) {
      RaplDomain& domain = *counter.domain;
      if (counter.steps > 0 || !domain.unsupported.ok()) continue;
      domain.flaw = RaplFlaw::kNeverMoves;
      domain.unsupported = {Code::kNotSupported,
                            "It exists and has not moved in " + std::to_string(elapsed / kNsPerMs) + " ms."};
      if (domain.scope == Scope::kUncore) {
        domain.unsupported.remedy = "Graphics that are switched off stand still: open the meter while they work.";
      }
    }
    for (const Pair& pair : pairs_) {
      const RaplDomain& kept = *counters_[pair.kept].domain;
      RaplDomain& mirror = *counters_[pair.mirror].domain;
      if (pair.differ || !kept.unsupported.ok() || !mirror.unsupported.ok()) continue;
      mirror.flaw = RaplFlaw::kMirror;
      mirror.unsupported = {Code::kNotSupported, "It is the same counter as " + kept.name + " of package " +
                                                     std::to_string(kept.package) + " die " + std::to_string(kept.die) +
                                                     ": equal at " + std::to_string(pair.looks) + " looks."};
    }
  }

  std::vector<RaplGroup>& groups_;
  std::vector<Watched> counters_;
  std::vector<Pair> pairs_;
};

}  // namespace

void watch_rapl(std::vector<RaplGroup>& groups) { Watch(groups).run(); }

}  // namespace mj::energy
