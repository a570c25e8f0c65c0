#include "energy/rapl_watch.h"

#include <cmath>
#include <functional>
#include <thread>

#include "base/clock.h"
#include "test/check.h"

namespace {

using namespace mj;
using namespace mj::energy;

const double kUnitJ = std::ldexp(1, -14);
constexpr uint64_t kModulus = 1ULL << 32U;
constexpr int64_t kHeldUpNs = 150 * kNsPerMs;

void sleep_ns(int64_t ns) { std::this_thread::sleep_for(std::chrono::nanoseconds(ns)); }

// The joules that a counter shows so long after the first read.
using Shows = std::function<double(int64_t elapsed_ns)>;

Shows steady(double watts) {
  return [watts](int64_t elapsed_ns) { return watts * static_cast<double>(elapsed_ns) / kNsPerSecond; };
}

// One package, read at the clock's time by a thread that a busy machine holds up within a read.
class Package final : public RaplReads {
 public:
  explicit Package(Shows shows) : shows_(std::move(shows)) {}

  ReadOutcome read(uint64_t* raws) const noexcept override {
    const int reads = reads_++;
    if (reads == 1) sleep_ns(held_before_value_ns);
    const int64_t now = monotonic_ns();
    if (reads == 0) begin_ = now;
    raws[0] = static_cast<uint64_t>(kStartJ / kUnitJ + shows_(now - begin_) / kUnitJ) % kModulus;
    if (reads == 0) sleep_ns(held_after_value_ns);
    return {1};
  }

  int64_t held_after_value_ns = 0;   // the first one
  int64_t held_before_value_ns = 0;  // the second one

 private:
  static constexpr double kStartJ = 1'000;
  const Shows shows_;
  mutable int reads_ = 0;
  mutable int64_t begin_ = 0;
};

RaplDomain watched(const std::shared_ptr<Package>& package, uint64_t modulus = kModulus) {
  RaplDomain domain;
  domain.scope = Scope::kPackage;
  domain.name = "0x611";
  domain.unit_j = domain.quantum_j = kUnitJ;
  domain.modulus = modulus;
  std::vector<RaplGroup> groups(1);
  groups[0].domains.push_back(domain);
  groups[0].reads = package;
  watch_rapl(groups);
  return groups[0].domains[0];
}

RaplDomain watched(Shows shows, uint64_t modulus = kModulus) {
  return watched(std::make_shared<Package>(std::move(shows)), modulus);
}

TEST("rapl watch: a counter is not still because the watcher was held up before one of its values") {
  const auto package = std::make_shared<Package>(steady(20));
  package->held_before_value_ns = kHeldUpNs;
  CHECK(watched(package).unsupported.ok());
}

TEST("rapl watch: what a counter gained while the watcher was held up after one of its values is no jump") {
  const auto package = std::make_shared<Package>(steady(300));
  package->held_after_value_ns = kHeldUpNs;
  CHECK(watched(package).unsupported.ok());
}

TEST("rapl watch: a counter that is updated late and then shows all of it does not jump") {
  const auto every_30_ms = [](int64_t elapsed_ns) { return steady(600)(elapsed_ns - elapsed_ns % (30 * kNsPerMs)); };
  CHECK(watched(every_30_ms).unsupported.ok());
}

TEST("rapl watch: a jump after a good step is seen, and a step back, across a wrap or not") {
  const auto at_third_read = [](double joules) {
    return
        [joules, reads = 0](int64_t elapsed_ns) mutable { return steady(20)(elapsed_ns) + (++reads > 2 ? joules : 0); };
  };
  CHECK(watched(at_third_read(100'000)).flaw == RaplFlaw::kJumps);
  CHECK(watched(at_third_read(-10)).flaw == RaplFlaw::kBackwards);
  CHECK(watched(at_third_read(-10), 0).flaw == RaplFlaw::kBackwards);
}

TEST("rapl watch: a counter that stands still is found so") {
  const RaplDomain still = watched(steady(0));
  CHECK(still.flaw == RaplFlaw::kNeverMoves);
  CHECK(still.unsupported.message.rfind("It exists and has not moved in ", 0) == 0);
}

}  // namespace
