#pragma once

// Counters with nothing uncertain about them, for results that can be worked out by hand.
#include "energy/window.h"
#include "test/counter_sim.h"

namespace mj::test {

inline bool contains(const energy::Figure& figure, double truth) { return figure.lo <= truth && truth <= figure.hi; }

inline double term(const energy::Figure& figure, energy::Term which) {
  return figure.terms[static_cast<size_t>(which)];
}

struct Series {
  std::vector<energy::Edge> edges;
  std::vector<energy::FaultEvent> faults;
  energy::CounterTraits traits;
  std::vector<energy::PowerSample> samples;
  energy::SampleTraits sample_traits;
  [[nodiscard]] energy::CounterView view() const {
    return {{edges.data(), edges.size()},
            {faults.data(), faults.size()},
            traits,
            {samples.data(), samples.size()},
            sample_traits};
  }
  [[nodiscard]] energy::Estimate estimate(const energy::Window& window) const {
    return energy::estimate(view(), window);
  }
};

// Updates exactly every `period_ms` from 0 to `end_ms`, their instants known within +-half_bracket_ms.
inline Series exact_series(const Profile& profile, double end_ms, double period_ms = 100, double half_bracket_ms = 0) {
  Series series;
  series.traits.period_ns = ms(period_ms);
  series.traits.max_power_w = 1400;
  const double origin = profile.filtered_energy(0);
  for (int64_t t = 0; t <= ms(end_ms); t += ms(period_ms)) {
    series.edges.push_back({t - ms(half_bracket_ms), t + ms(half_bracket_ms), profile.filtered_energy(t) - origin});
  }
  return series;
}

// `idle` watts, and `busy` from a to b.
inline Profile burst_profile(double a_ms, double b_ms, double idle, double busy, double tau_ms = 0) {
  const int64_t a = ms(a_ms);
  const int64_t b = ms(b_ms);
  return Profile({0, a, b}, [=](int64_t t) { return t >= a && t < b ? busy : idle; }, ms(tau_ms));
}

}  // namespace mj::test
