#include "energy/attribution.h"

#include <algorithm>
#include <cstring>

#include "test/check.h"
#include "test/phase_sim.h"

namespace {

using namespace mj::energy;
using mj::test::ms;
using mj::test::PhaseRun;
using mj::test::PhaseSpec;
using mj::test::Profile;
using mj::test::Random;

// A counter that updates exactly every `period_ms` behind a sensor, and phases with exact powers.
struct Exact {
  std::vector<Phase> phases;
  std::vector<double> watts;  // of the labels and of the rest
  size_t labels = 0;
  double tau_ms = 0;
  double period_ms = 100;
  double half_bracket_ms = 0;
  double jitter_ms = 0;  // of updates about what is seen of them
  int64_t to = 0;
  std::vector<int64_t> states;
  std::vector<double> offsets = {0};  // of the states, W
  std::vector<FaultEvent> faults;

  // `count` phases in turn from 100 ms on, of `mean_ms` each but for 30 % either way, each with a pause after it.
  static Exact in_turn(std::vector<double> watts, size_t count, double mean_ms, double pause_ms = 0,
                       double spread = 0.3) {
    Exact out;
    out.labels = watts.size() - 1;
    out.watts = std::move(watts);
    Random random(4711);
    int64_t now = ms(100);
    for (size_t i = 0; i < count; ++i) {
      const int64_t length = ms(mean_ms * (1 + spread * random.uniform(-1, 1)));
      out.phases.push_back({now, now + length, i % out.labels});
      now += length + ms(pause_ms);
    }
    out.to = out.phases.back().b;
    return out;
  }

  [[nodiscard]] size_t label_at(int64_t t) const {
    const auto after =
        std::upper_bound(phases.begin(), phases.end(), t, [](int64_t at, const Phase& phase) { return at < phase.a; });
    return after != phases.begin() && t < (after - 1)->b ? (after - 1)->label : labels;
  }
  [[nodiscard]] double power_at(int64_t t) const {
    size_t state = 0;
    while (state < states.size() && states[state] <= t) ++state;
    return watts[label_at(t)] + offsets[state];
  }
  [[nodiscard]] Profile profile(int64_t tau_ns) const {
    std::vector<int64_t> breaks = {0};
    for (const Phase& phase : phases) breaks.insert(breaks.end(), {phase.a, phase.b});
    breaks.insert(breaks.end(), states.begin(), states.end());
    return Profile(breaks, [this](int64_t t) { return power_at(t); }, tau_ns);
  }
  [[nodiscard]] std::vector<Edge> edges() const {
    const Profile seen = profile(ms(tau_ms));
    std::vector<Edge> out;
    Random random(99);
    for (int64_t t = 0; t <= to + ms(2 * period_ms); t += ms(period_ms)) {
      const int64_t at = t + ms(jitter_ms * random.uniform(-1, 1));
      out.push_back({t - ms(half_bracket_ms), t + ms(half_bracket_ms), seen.filtered_energy(at)});
    }
    return out;
  }
  [[nodiscard]] CounterTraits traits() const {
    CounterTraits out;
    out.period_ns = ms(period_ms);
    out.decay_ns = ms(5 * tau_ms);
    out.max_power_w = 1400;
    return out;
  }
  [[nodiscard]] AttributionRequest request() const {
    return {{phases.data(), phases.size()}, labels, phases.front().a, to, {states.data(), states.size()}};
  }
  [[nodiscard]] Attribution attribute(const AttributionRules& rules = {}) const {
    const std::vector<Edge> seen = edges();
    return energy_of(seen, rules);
  }
  [[nodiscard]] Attribution energy_of(const std::vector<Edge>& seen, const AttributionRules& rules = {}) const {
    const CounterView view{{seen.data(), seen.size()}, {faults.data(), faults.size()}, traits(), {}, {}};
    return mj::energy::attribute(view, request(), rules);
  }
};

void check_conserved(const Attribution& result) {
  double joules = 0;
  for (const LabelPower& label : result.labels) joules += label.joules;
  CHECK_NEAR(joules, result.total_j, 1e-9 * std::fabs(result.total_j));
}

double term(const LabelPower& label, AttributionTerm which) { return label.terms[static_cast<size_t>(which)]; }

TEST("attribution: an exact counter gives exact powers, with a sensor before it and without") {
  for (const double tau : {0.0, 13.0}) {
    Exact exact = Exact::in_turn({600, 250, 118}, 3000, 7, 1);
    exact.tau_ms = tau;
    const Attribution result = exact.attribute();
    CHECK(result.status == AttributionStatus::kOk);
    CHECK_EQ(result.labels.size(), size_t{3});
    // Of what ran before the first phase 0.7 % is still in the sensor at the first edge.
    for (size_t j = 0; j < 3; ++j) CHECK_NEAR(result.labels[j].watts, exact.watts[j], tau > 0 ? 0.1 : 1e-3);
    CHECK_EQ(result.labels[0].occurrences, size_t{1500});
    CHECK_EQ(result.labels[2].occurrences, size_t{2999});
    check_conserved(result);
    CHECK_NEAR(result.total_j,
               exact.profile(ms(tau)).filtered_energy(result.to) - exact.profile(ms(tau)).filtered_energy(result.from),
               1e-6);
  }
}

TEST("attribution: a sensor that is not accounted for would be told as another power") {
  Exact exact = Exact::in_turn({600, 250, 118}, 1000, 40);
  exact.tau_ms = 13;
  const std::vector<Edge> seen = exact.edges();
  exact.tau_ms = 0;
  const Attribution result = exact.energy_of(seen);
  CHECK(std::fabs(result.labels[0].watts - 600) > 20);
}

TEST("attribution: no time outside of phases is no label") {
  const Exact exact = Exact::in_turn({600, 250, 0}, 3000, 7);
  const Attribution result = exact.attribute();
  CHECK_EQ(result.labels.size(), size_t{2});
  CHECK_EQ(result.covariance.rows(), size_t{2});
  check_conserved(result);
}

TEST("attribution: one label over the whole range has the counter's mean power") {
  Exact exact = Exact::in_turn({300, 0}, 200, 20);
  exact.half_bracket_ms = 2;
  const Attribution result = exact.attribute();
  CHECK(result.status == AttributionStatus::kOk);
  CHECK_NEAR(result.labels[0].watts, 300, 1e-6);
  CHECK(result.signals.empty());
  check_conserved(result);
}

TEST("attribution: power states have levels of their own") {
  Exact exact = Exact::in_turn({600, 250, 118}, 3000, 7, 1);
  exact.states = {ms(6000), ms(14'000)};
  exact.offsets = {0, 80, -30};
  const Attribution told = exact.attribute();
  check_conserved(told);
  // Each label's power is the mean over the states it was in.
  for (size_t j = 0; j < 3; ++j) {
    double joules = 0;
    double seconds = 0;
    for (int64_t t = told.from; t < told.to; t += ms(0.5)) {
      if (exact.label_at(t) != j) continue;
      joules += exact.power_at(t);
      seconds += 1;
    }
    CHECK_NEAR(told.labels[j].watts, joules / seconds, 1);
  }
  const std::vector<Edge> seen = exact.edges();
  exact.states.clear();
  const Attribution untold = exact.energy_of(seen);
  check_conserved(untold);
  CHECK(term(untold.labels[0], AttributionTerm::kRepeats) > 5 * term(told.labels[0], AttributionTerm::kRepeats));
}

TEST("attribution: gaps of microseconds between phases are no label and do no harm") {
  const Exact exact = Exact::in_turn({600, 250, 118}, 3000, 7, 0.005);
  Exact noisy = exact;
  noisy.half_bracket_ms = noisy.jitter_ms = 0.5;
  const Attribution result = noisy.attribute();
  CHECK(result.status == AttributionStatus::kOk);
  CHECK(result.labels[2].status == AttributionStatus::kNotIdentifiable);
  for (size_t j = 0; j < 2; ++j) {
    CHECK(result.labels[j].status == AttributionStatus::kOk);
    CHECK(std::fabs(result.labels[j].watts - exact.watts[j]) <= result.labels[j].uncertainty);
    CHECK(term(result.labels[j], AttributionTerm::kConfounded) > 0);
  }
}

TEST("attribution: what cannot be told apart is refused, the rest of it is not") {
  // Two labels always in one proportion, and a third one of any length.
  Exact exact;
  exact.labels = 3;
  exact.watts = {600, 250, 400, 118};
  Random random(5);
  int64_t now = ms(100);
  for (int i = 0; i < 600; ++i) {
    for (size_t j = 0; j < 3; ++j) {
      const int64_t length = j < 2 ? ms(1) : ms(random.uniform(1, 60));
      exact.phases.push_back({now, now + length, j});
      now += length;
    }
  }
  exact.to = now;
  exact.half_bracket_ms = exact.jitter_ms = 2;
  const Attribution result = exact.attribute();
  CHECK(result.status == AttributionStatus::kOk);
  CHECK(result.labels[0].status == AttributionStatus::kNotIdentifiable);
  CHECK(result.labels[1].status == AttributionStatus::kNotIdentifiable);
  CHECK(result.labels[2].status == AttributionStatus::kOk);
  CHECK(std::fabs(result.labels[2].watts - 400) <= result.labels[2].uncertainty);
  check_conserved(result);
}

TEST("attribution: too few intervals are refused, with the counter's total") {
  const Exact exact = Exact::in_turn({600, 250, 118}, 100, 7, 1);
  const Attribution result = exact.attribute();
  CHECK(result.status == AttributionStatus::kNotIdentifiable);
  CHECK(result.labels.empty());
  CHECK(result.intervals > 0);
  CHECK(result.total_j > 0);
  CHECK(result.total_uncertainty >= 0);
}

TEST("attribution: the same timeline gives the same result, and another seed nearly the same") {
  PhaseSpec spec;
  spec.machine = mj::test::h100_board(5, mj::test::Load::kFlat);
  spec.labels = {{5, 600}, {8, 250}};
  Random random(3);
  const PhaseRun run = simulate(spec, random);
  const Attribution first = run.attribute();
  const Attribution again = run.attribute();
  AttributionRules other;
  other.seed = 99;
  const Attribution reseeded = run.attribute(other);
  for (size_t j = 0; j < 2; ++j) {
    CHECK_EQ(first.labels[j].watts, again.labels[j].watts);
    CHECK_EQ(first.labels[j].uncertainty, again.labels[j].uncertainty);
    CHECK_EQ(first.labels[j].watts, reseeded.labels[j].watts);
    CHECK_NEAR(first.labels[j].uncertainty, reseeded.labels[j].uncertainty, 0.2 * first.labels[j].uncertainty);
  }
}

TEST("attribution: later by an hour is the same, and so are labels in another order") {
  PhaseSpec spec;
  spec.machine = mj::test::h100_board(5, mj::test::Load::kFlat);
  spec.labels = {{5, 600}, {8, 250}, {11, 400}};
  spec.rest_chance = 0.2;
  spec.rest_ms = 5;
  Random random(8);
  const PhaseRun run = simulate(spec, random);
  const Attribution first = run.attribute();
  PhaseRun later = run;
  const int64_t hour = ms(3'600'000);
  for (Edge& edge : later.edges) edge.lo += hour, edge.hi += hour, edge.joules += 12'345;
  for (Phase& phase : later.phases) phase.a += hour, phase.b += hour, phase.label = (phase.label + 1) % 3;
  later.from += hour;
  later.to += hour;
  const Attribution second = later.attribute();
  for (size_t j = 0; j < 3; ++j) {
    CHECK_NEAR(first.labels[j].watts, second.labels[(j + 1) % 3].watts, 1e-4);
    CHECK_NEAR(first.labels[j].uncertainty, second.labels[(j + 1) % 3].uncertainty, 1e-2);
  }
  CHECK_NEAR(first.labels[3].watts, second.labels[3].watts, 1e-4);
}

TEST("attribution: covariances are those of the uncertainties, and alternating labels err against each other") {
  PhaseSpec spec;
  spec.machine = mj::test::h100_board(5, mj::test::Load::kFlat);
  spec.labels = {{5, 600}, {5, 250}};
  Random random(9);
  const Attribution result = simulate(spec, random).attribute();
  for (size_t j = 0; j < 2; ++j) {
    CHECK_NEAR(1.96 * std::sqrt(result.covariance(j, j)), result.labels[j].uncertainty, 1e-9);
  }
  CHECK_NEAR(result.covariance(0, 1), result.covariance(1, 0), 1e-9 * std::fabs(result.covariance(0, 1)));
  CHECK(result.covariance(0, 1) < -0.9 * std::sqrt(result.covariance(0, 0) * result.covariance(1, 1)));
  // Terms that belong to one label each make up its uncertainty.
  double squares = 0;
  for (const double half_width : result.labels[0].terms) squares += half_width * half_width;
  CHECK_NEAR(std::sqrt(squares), result.labels[0].uncertainty, 1e-6 * result.labels[0].uncertainty);
}

TEST("attribution: faults in the range are said, and those that lose the total leave no powers") {
  const Exact whole = Exact::in_turn({600, 250, 118}, 3000, 7, 1);
  for (const auto& [fault, cause] :
       {std::pair{Fault::kReset, Cause::kCounterReset}, std::pair{Fault::kBackwards, Cause::kCounterBackwards},
        std::pair{Fault::kStuck, Cause::kCounterStuck}, std::pair{Fault::kLost, Cause::kDeviceLost}}) {
    Exact exact = whole;
    exact.faults = {{ms(5000), fault}};
    const Attribution result = exact.attribute();
    CHECK(result.status == AttributionStatus::kSuspect);
    CHECK(result.cause == cause);
    CHECK(result.labels.empty());
    CHECK(std::isnan(result.total_j));
    exact.faults[0].at = exact.to + ms(1000);
    CHECK(exact.attribute().status == AttributionStatus::kOk);
  }
}

TEST("attribution: a timeline that ends too early or begins too late is suspect, with what it says of the rest") {
  const Exact exact = Exact::in_turn({600, 250, 118}, 3000, 7, 1);
  std::vector<Edge> edges = exact.edges();
  const std::vector<Edge> early(edges.begin(), edges.end() - 40);
  const std::vector<Edge> late(edges.begin() + 40, edges.end());
  const Attribution ends = exact.energy_of(early);
  const Attribution begins = exact.energy_of(late);
  CHECK(ends.cause == Cause::kNoUpdate);
  CHECK(begins.cause == Cause::kHistoryLost);
  for (const Attribution* result : {&ends, &begins}) {
    CHECK(result->status == AttributionStatus::kSuspect);
    CHECK_NEAR(result->labels[0].watts, 600, 0.1);
    check_conserved(*result);
  }
  for (const std::vector<Edge>& none : {std::vector<Edge>{}, std::vector<Edge>(edges.begin(), edges.begin() + 1)}) {
    const Attribution result = exact.energy_of(none);
    CHECK(result.status == AttributionStatus::kSuspect);
    CHECK(result.labels.empty());
  }
}

TEST("attribution: edges that are missing are longer intervals and nothing worse") {
  const Exact exact = Exact::in_turn({600, 250, 118}, 3000, 7, 1);
  std::vector<Edge> some;
  Random random(12);
  for (const Edge& edge : exact.edges()) {
    if (some.empty() || edge.lo > exact.to || random.chance(0.6)) some.push_back(edge);
  }
  const Attribution result = exact.energy_of(some);
  CHECK(result.status == AttributionStatus::kOk);
  CHECK_NEAR(result.labels[0].watts, 600, 0.1);
}

TEST("attribution: a power that nothing can have is inconsistent") {
  Exact exact = Exact::in_turn({600, -200, 118}, 3000, 7, 1);
  const Attribution result = exact.attribute();
  CHECK(result.status == AttributionStatus::kSuspect);
  CHECK(result.cause == Cause::kInconsistent);
}

TEST("attribution: anything may come, and no figure is NaN or negative where it must not be") {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    Random random(seed);
    std::vector<Edge> edges;
    std::vector<Phase> phases;
    int64_t now = 0;
    double joules = 0;
    for (int i = 0; i < 60; ++i) {
      now += ms(random.chance(0.1) ? 0 : random.uniform(0, 150));
      joules += random.chance(0.2) ? 0 : random.uniform(0, 60);
      edges.push_back({now - ms(random.uniform(0, 30)), now + ms(random.uniform(0, 30)), joules});
    }
    std::sort(edges.begin(), edges.end(), [](const Edge& a, const Edge& b) { return a.lo + a.hi < b.lo + b.hi; });
    for (size_t i = 0; i < edges.size(); ++i) edges[i].joules = static_cast<double>(i) * random.uniform(0, 9);
    int64_t at = ms(random.uniform(-500, 500));
    const size_t labels = 1 + static_cast<size_t>(random.uniform(0, 5));
    for (int i = 0; i < 200; ++i) {
      const int64_t length = ms(random.uniform(0, 40));
      phases.push_back({at, at + length, static_cast<size_t>(random.uniform() * static_cast<double>(labels))});
      at += length + (random.chance(0.3) ? ms(random.uniform(0, 20)) : 0);
    }
    CounterTraits traits;
    traits.period_ns = ms(100);
    traits.decay_ns = random.chance(0.5) ? ms(65) : 0;
    traits.grid_jitter_ns = random.chance(0.5) ? ms(0.5) : 0;
    const int64_t middle = phases[phases.size() / 2].a + 1;
    const AttributionRequest request{{phases.data(), phases.size()},
                                     labels,
                                     phases.front().a,
                                     at + ms(10),
                                     {&middle, random.chance(0.3) ? size_t{1} : size_t{0}}};
    const Attribution result = attribute({{edges.data(), edges.size()}, {}, traits, {}, {}}, request);
    for (const LabelPower& label : result.labels) {
      CHECK(std::isfinite(label.watts));
      CHECK(label.uncertainty >= 0);
      for (const double half_width : label.terms) CHECK(half_width >= 0);
    }
    CHECK(result.interaction.p >= 0 && result.interaction.p <= 1);
    if (!result.labels.empty()) check_conserved(result);
  }
}

TEST("attribution: every status and term has a name of its own") {
  CHECK_EQ(std::string(attribution_status_name(AttributionStatus::kNotIdentifiable)), "not-identifiable");
  for (size_t i = 0; i < kAttributionTermCount; ++i) {
    for (size_t j = 0; j < i; ++j) {
      CHECK(std::strcmp(attribution_term_name(static_cast<AttributionTerm>(i)),
                        attribution_term_name(static_cast<AttributionTerm>(j))) != 0);
    }
  }
}

}  // namespace
