#include "energy/counter_tracker.h"

#include <algorithm>

#include "base/clock.h"

namespace mj::energy {

namespace {

// A counter of coarse steps stands still between them; more than so many at once is work that began after the hold.
constexpr double kStepsOfWork = 4;

int64_t middle(const Edge& edge) noexcept { return edge.lo + (edge.hi - edge.lo) / 2; }

}  // namespace

CounterTracker::Outcome CounterTracker::observe(int64_t t_before, int64_t t_after, uint64_t raw) noexcept {
  Outcome outcome;
  if (!started_) {
    start(t_before, t_after, raw, outcome);
  } else {
    if (!watched_) unchanged_since_ = t_before;
    watched_ = true;
    if (raw == point_.raw) {
      unchanged(t_before, t_after, outcome);
    } else {
      changed(t_before, t_after, raw, outcome);
    }
  }
  last_before_ = t_before;
  return outcome;
}

// A register that is refreshed all the time tells its energy at once; of any other only the next change says when.
void CounterTracker::start(int64_t t_before, int64_t t_after, uint64_t raw, Outcome& outcome) noexcept {
  started_ = watched_ = true;
  point_ = {raw, 0, t_before - rules_.refresh_ns};
  unchanged_since_ = t_before;
  if (rules_.refresh_ns == 0) return;
  has_origin_ = outcome.has_edge = true;
  outcome.edge = edge_ = peak_from_ = {point_.since, t_after, 0};
}

void CounterTracker::unchanged(int64_t t_before, int64_t t_after, Outcome& outcome) noexcept {
  if (rules_.stuck_after_ns > 0 && t_before - unchanged_since_ > rules_.stuck_after_ns) {
    outcome.fault = {t_before, Fault::kStuck};
    unchanged_since_ = t_before;
    stuck_ = true;
  }
  const int64_t refreshed = t_before - rules_.refresh_ns;
  if (stuck_ || rules_.refresh_ns == 0 || refreshed <= edge_.hi) return;
  point_.since = refreshed;
  outcome.has_hold = true;
  outcome.hold = hold_ = {refreshed, t_after, edge_.joules};
}

void CounterTracker::changed(int64_t t_before, int64_t t_after, uint64_t raw, Outcome& outcome) noexcept {
  outcome.changed = outcome.has_edge = true;
  CounterGrowth growth;
  // Counted from the first edge on: what was gathered before it belongs to nobody's window.
  if (has_origin_) growth = counter_growth(rules_, peak_w_, point_, raw, t_after);
  outcome.fault = {t_after, growth.fault};
  const uint64_t counts = point_.counts + growth.counts;
  const double joules = static_cast<double>(counts) * rules_.unit_j;
  if (hold_.hi != 0 && joules - edge_.joules > kStepsOfWork * rules_.quantum_j) {
    outcome.has_hold = true;
    outcome.hold = hold_;
  }
  const int64_t lo = rules_.refresh_ns > 0 ? std::max(last_before_, t_before - rules_.refresh_ns) : last_before_;
  outcome.edge = edge_ = {lo, t_after, joules};
  learn_peak(edge_, !has_origin_ || growth.fault != Fault::kNone);
  has_origin_ = true;
  hold_ = {};
  stuck_ = false;
  point_ = {raw, counts, lo};
  unchanged_since_ = t_before;
}

void CounterTracker::learn_peak(const Edge& edge, bool faulty) noexcept {
  const int64_t elapsed = middle(edge) - middle(peak_from_);
  if (!faulty && elapsed < rules_.peak_over_ns) return;
  if (!faulty && rules_.peak_over_ns > 0) {
    const double watts = (edge.joules - peak_from_.joules) / (static_cast<double>(elapsed) / kNsPerSecond);
    peak_w_ = std::max(peak_w_, watts);
  }
  peak_from_ = edge;
}

}  // namespace mj::energy
