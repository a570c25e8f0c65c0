#include "energy/path_plan.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <limits>

#include "energy/window_bounds.h"

namespace mj::energy {

namespace {

// Instants further apart than this have no readings in common that matter.
constexpr int64_t kApartPeriods = 6;
constexpr int64_t kApartNs = 20'000'000;
// Of readings outside declared quiet time, so many periods and at least so many edges on each side.
constexpr int64_t kReachPeriods = 3;
constexpr int64_t kReachNs = 10'000'000;
constexpr ptrdiff_t kReachEdges = 3;
constexpr ptrdiff_t kGridEdges = 10;
// Idle is known well enough from about so many edges a side.
constexpr int64_t kQuietEdges = 32;

int64_t reach_ns(const CounterTraits& traits) noexcept { return std::max(kReachNs, kReachPeriods * traits.period_ns); }

bool inside_any(const std::vector<QuietSpan>& spans, int64_t t) {
  return std::any_of(spans.begin(), spans.end(), [t](const QuietSpan& span) { return span.from <= t && t < span.to; });
}

int order(const PathEvent& event) noexcept {
  switch (event.kind) {
    case PathEventKind::kCounter:
    case PathEventKind::kSample:
      return 0;
    case PathEventKind::kMark:
      return 1;
    case PathEventKind::kPiece:
      break;
  }
  return 2;
}

class Planner {
 public:
  Planner(const CounterView& counter, const Span<Window>& windows) : counter_(counter) {
    for (const Window& window : windows) {
      instants_.push_back(window.a);
      instants_.push_back(window.b);
      work_.push_back({window.a, window.b, window.b});
      // What came before the quiet time is not known, and must have left the sensor.
      const int64_t decay = counter.traits.decay_ns;
      const int64_t begin = window.a - window.idle_before_ns + decay;
      if (begin < window.a) quiet_.push_back({begin, window.a, begin});
      if (window.idle_after_ns > 0) quiet_.push_back({window.b, window.b + window.idle_after_ns, window.b + decay});
    }
    std::sort(instants_.begin(), instants_.end());
    instants_.erase(std::unique(instants_.begin(), instants_.end()), instants_.end());
  }

  std::vector<PathSegment> segments() {
    const int64_t apart = std::max(kApartNs, kApartPeriods * counter_.traits.period_ns);
    std::vector<PathSegment> out;
    for (size_t i = 0; i < instants_.size();) {
      size_t last = i;
      while (last + 1 < instants_.size() && instants_[last + 1] - instants_[last] <= apart) ++last;
      out.push_back(segment(i, last));
      i = last + 1;
    }
    return out;
  }

 private:
  struct Spans {
    std::vector<QuietSpan> quiet;
    std::vector<QuietSpan> work;
  };

  [[nodiscard]] ptrdiff_t edges_at_or_before(int64_t t) const noexcept {
    const Edge* after = std::upper_bound(counter_.edges.begin(), counter_.edges.end(), static_cast<double>(t),
                                         [](double at, const Edge& edge) { return at < mid_ns(edge); });
    return after - counter_.edges.begin();
  }

  // How far readings are of use before `first` and after `last`: all of the quiet time there, or a few periods.
  [[nodiscard]] QuietSpan reach(int64_t first, int64_t last) const {
    const int64_t beyond = reach_ns(counter_.traits);
    QuietSpan out{first - beyond, last + beyond, 0};
    for (const QuietSpan& span : quiet_) {
      if (span.to == first) out.from = span.from;
      if (span.from == last) out.to = span.to;
    }
    return out;
  }

  PathSegment segment(size_t first, size_t last) const {
    const int64_t from = instants_[first];
    const int64_t to = instants_[last];
    const QuietSpan used = reach(from, to);
    const auto count = static_cast<ptrdiff_t>(counter_.edges.size);
    const ptrdiff_t before = edges_at_or_before(from);
    const ptrdiff_t after = edges_at_or_before(to);
    const ptrdiff_t begin = std::min(edges_at_or_before(used.from), before - kReachEdges);
    const ptrdiff_t end = std::max(edges_at_or_before(used.to), after + kReachEdges);
    PathSegment out;
    out.last_mark = to;
    // More edges than are used tell of their grid.
    const auto lo = static_cast<size_t>(std::clamp<ptrdiff_t>(begin - kGridEdges, 0, count));
    const auto hi = static_cast<size_t>(std::clamp<ptrdiff_t>(end + kGridEdges, 0, count));
    EdgeTiming timing = time_edges({counter_.edges.data + lo, hi > lo ? hi - lo : 0}, counter_.traits);
    out.common_timing_s = timing.common_s;
    const auto first_used = static_cast<size_t>(std::clamp<ptrdiff_t>(begin, 0, count - 1));
    const auto last_used = static_cast<size_t>(std::clamp<ptrdiff_t>(end - 1, 0, count - 1));
    for (const TimedEdge& edge : timing.edges) {
      if (edge.at >= counter_.edges[first_used].lo && edge.at <= counter_.edges[last_used].hi) {
        out.edges.push_back(edge);
      }
    }
    thin(from, to, out.edges);
    const Spans near = spans_near(from, to, out.edges);
    find_quiet(near, out);
    add_readings(from, to, out);
    for (size_t i = first; i <= last; ++i) {
      PathEvent mark;
      mark.at = instants_[i];
      out.events.push_back(mark);
    }
    add_pieces(near, out);
    std::sort(out.events.begin(), out.events.end(),
              [](const PathEvent& a, const PathEvent& b) { return a.at != b.at ? a.at < b.at : order(a) < order(b); });
    PathEvent start = out.events.front();
    start.kind = PathEventKind::kPiece;
    start.quiet = quiet_at(near, out, start.at);
    out.events.insert(out.events.begin(), start);
    return out;
  }

  // Far from the instants asked for, edges tell the idle level only: no more of them are kept than that takes.
  void thin(int64_t from, int64_t to, std::vector<TimedEdge>& edges) const {
    const int64_t near = reach_ns(counter_.traits);
    const int64_t far = edges.empty() ? 0 : std::max(from - edges.front().at, edges.back().at - to);
    const int64_t spacing = far / kQuietEdges;
    int64_t kept = std::numeric_limits<int64_t>::min() / 2;
    const auto end = std::remove_if(edges.begin(), edges.end(), [&](const TimedEdge& edge) {
      const bool keep = (edge.at > from - near && edge.at < to + near) || edge.at - kept >= spacing;
      if (keep) kept = edge.at;
      return !keep;
    });
    edges.erase(end, edges.end());
  }

  // Of many windows, those that a segment can meet: each of its events asks them all.
  [[nodiscard]] Spans spans_near(int64_t from, int64_t to, const std::vector<TimedEdge>& edges) const {
    const int64_t lo = edges.empty() ? from : std::min(from, edges.front().at);
    const int64_t hi = edges.empty() ? to : std::max(to, edges.back().at);
    const auto meets = [lo, hi](const QuietSpan& span) { return span.from <= hi && span.to >= lo; };
    Spans near;
    std::copy_if(quiet_.begin(), quiet_.end(), std::back_inserter(near.quiet), meets);
    std::copy_if(work_.begin(), work_.end(), std::back_inserter(near.work), meets);
    return near;
  }

  // Declared quiet time is of use where it holds two edges after the work before has left the sensor, and so a power:
  // without one, idle would be held for 0 W.
  static void find_quiet(const Spans& near, PathSegment& out) {
    if (out.edges.empty()) return;
    for (const QuietSpan& span : near.quiet) {
      const QuietSpan here{std::max(span.from, out.edges.front().at), std::min(span.to, out.edges.back().at),
                           span.settled};
      const auto inside = std::count_if(out.edges.begin(), out.edges.end(), [&here](const TimedEdge& edge) {
        return edge.at >= std::max(here.from, here.settled) && edge.at <= here.to;
      });
      if (inside >= 2 && here.from < here.to) out.quiet.push_back(here);
    }
  }

  void add_readings(int64_t from, int64_t to, PathSegment& out) const {
    for (const TimedEdge& edge : out.edges) {
      PathEvent event;
      event.kind = PathEventKind::kCounter;
      event.at = edge.at;
      event.value = edge.joules;
      event.timing_s = edge.timing_s;
      event.displacement_s = edge.displacement_s;
      out.events.push_back(event);
    }
    if (out.edges.empty() || counter_.samples.empty()) return;
    // Samples tell the shape near the instants asked for; idle further away is told by the counter.
    const int64_t near = reach_ns(counter_.traits);
    const int64_t begin = std::max(out.edges.front().at, from - near);
    const int64_t end = std::min(out.edges.back().at, to + near);
    const int64_t lag = counter_.sample_traits.lag_ns;
    const PowerSample* sample = std::lower_bound(counter_.samples.begin(), counter_.samples.end(), begin + lag,
                                                 [](const PowerSample& one, int64_t at) { return one.lo < at; });
    for (; sample != counter_.samples.end() && sample->hi - lag <= end; ++sample) {
      PathEvent event;
      event.kind = PathEventKind::kSample;
      event.at = sample->lo + (sample->hi - sample->lo) / 2 - lag;
      event.value = sample->watts / counter_.sample_traits.gain;
      out.events.push_back(event);
    }
  }

  static bool quiet_at(const Spans& near, const PathSegment& segment, int64_t t) {
    return inside_any(segment.quiet, t) && !inside_any(near.work, t);
  }

  // A piece begins wherever work may begin or end, and where declared quiet time does.
  void add_pieces(const Spans& near, PathSegment& out) const {
    int64_t from = out.events.front().at;
    int64_t to = from;
    for (const PathEvent& event : out.events) {
      from = std::min(from, event.at);
      to = std::max(to, event.at);
    }
    std::vector<int64_t> cuts(std::lower_bound(instants_.begin(), instants_.end(), from),
                              std::upper_bound(instants_.begin(), instants_.end(), to));
    for (const QuietSpan& span : out.quiet) {
      cuts.push_back(span.from);
      cuts.push_back(span.to);
    }
    std::sort(cuts.begin(), cuts.end());
    cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
    for (const int64_t cut : cuts) {
      PathEvent piece;
      piece.at = cut;
      piece.kind = PathEventKind::kPiece;
      piece.quiet = quiet_at(near, out, cut);
      out.events.push_back(piece);
    }
  }

  const CounterView& counter_;
  std::vector<int64_t> instants_;
  std::vector<QuietSpan> work_;
  std::vector<QuietSpan> quiet_;
};

PathMark find(const std::vector<PathSegment>& segments, int64_t instant) {
  PathMark mark;
  const auto segment = std::lower_bound(segments.begin(), segments.end(), instant,
                                        [](const PathSegment& one, int64_t at) { return one.last_mark < at; });
  mark.segment = static_cast<size_t>(segment - segments.begin());
  const auto& events = segment->events;
  const auto event = std::lower_bound(events.begin(), events.end(), instant,
                                      [](const PathEvent& one, int64_t at) { return one.at < at; });
  mark.event = static_cast<size_t>(event - events.begin());
  while (events[mark.event].kind != PathEventKind::kMark) ++mark.event;
  return mark;
}

}  // namespace

int64_t sample_reach_ns(const CounterTraits& counter, const SampleTraits& samples) noexcept {
  return reach_ns(counter) + std::abs(samples.lag_ns);
}

PathPlan plan_paths(const CounterView& counter, const Span<Window>& windows) {
  PathPlan plan;
  plan.segments = Planner(counter, windows).segments();
  for (const Window& window : windows) {
    plan.starts.push_back(find(plan.segments, window.a));
    plan.ends.push_back(find(plan.segments, window.b));
  }
  return plan;
}

}  // namespace mj::energy
