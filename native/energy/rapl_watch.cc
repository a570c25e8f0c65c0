#include "energy/rapl_watch.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "base/clock.h"

namespace mj::energy {

namespace {

constexpr int64_t kPatienceNs = 100 * kNsPerMs;
// A platform that counts in joules takes more than this, and shows three steps in the time it is given.
constexpr double kLeastPlatformW = 10;
constexpr double kStepsToSee = 3;
// Between two looks: half of the counters' update period.
constexpr int64_t kLookEveryNs = kNsPerMs / 2;
// More than any package takes; a step beyond it is none of energy.
constexpr double kImplausibleW = 10'000;
// Looks at which two counters must have agreed to be one.
constexpr int kLooksToAgree = 8;

// One counter while it is watched.
struct Watched {
  RaplDomain* domain;
  uint64_t first_pass = 0;  // of the present look
  uint64_t second_pass = 0;
  uint64_t last = 0;
  int64_t last_at = 0;
  bool started = false;
  bool moved = false;
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

void observe(Watched& counter, uint64_t raw, int64_t at) {
  RaplDomain& domain = *counter.domain;
  if (counter.started && raw != counter.last && domain.unsupported.ok()) {
    const double step = static_cast<double>(ahead(counter.last, raw, domain.modulus)) * domain.unit_j;
    const int64_t elapsed = at - counter.last_at;
    // An update that was due before the last read may come with this one.
    const double plausible = domain.quantum_j + kImplausibleW * static_cast<double>(elapsed + kNsPerMs) / kNsPerSecond;
    counter.moved = true;
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
  counter.started = true;
  counter.last = raw;
  counter.last_at = at;
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
    for (int64_t now = begin; !done(now - begin); now = monotonic_ns()) {
      pass(&Watched::first_pass);
      if (!pairs_.empty()) {
        pass(&Watched::second_pass);
        compare();
      }
      while (monotonic_ns() < now + kLookEveryNs) {
      }
    }
    judge(monotonic_ns() - begin);
  }

 private:
  // Counts that the kernel extends start at 0 when they are opened: their values say nothing of what they count.
  static bool comparable(const RaplDomain& a, const RaplDomain& b) noexcept {
    return a.scope == b.scope && a.modulus > 0 && a.modulus == b.modulus && a.unit_j == b.unit_j;
  }

  void pass(uint64_t Watched::* value) {
    size_t next = 0;
    for (const RaplGroup& group : groups_) {
      std::array<uint64_t, kMostRaplDomains> raws{};
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
        observe(counter, raws[i], after);
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

  [[nodiscard]] bool done(int64_t elapsed) const {
    const bool seen = std::all_of(counters_.begin(), counters_.end(), [&](const Watched& counter) {
      return counter.moved || !counter.domain->unsupported.ok() || elapsed >= patience_ns(*counter.domain);
    });
    return seen && std::all_of(pairs_.begin(), pairs_.end(),
                               [](const Pair& pair) { return pair.differ || pair.looks >= kLooksToAgree; });
  }

  void judge(int64_t elapsed) {
    for (Watched& counter : counters_) {
      RaplDomain& domain = *counter.domain;
      if (counter.moved || !domain.unsupported.ok()) continue;
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
