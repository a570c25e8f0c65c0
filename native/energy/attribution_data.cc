#include "energy/attribution_data.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "base/squares.h"
#include "energy/window_bounds.h"

namespace mj::energy {

namespace {

// A gap of less than this part of the phase after it parts nothing: it is the time that taking a mark takes.
constexpr double kNoGap = 0.1;
// A label's predecessor is told apart where it came this often.
constexpr size_t kEnoughOccurrences = 5;
// An edge's instant is no better known than this, whatever is said of it.
constexpr double kFinestTiming_s = 1e-6;
// Nothing is known better than to a nanojoule.
constexpr double kFinest_j2 = 1e-18;
// Power at an edge counts with at least this part of the mean power: none is known to be 0.
constexpr double kLeastPower = 0.1;

// Phases, and the rest between them where there is any.
std::vector<Segment> segments_of(const AttributionRequest& request) {
  std::vector<Segment> out;
  int64_t now = request.from;
  for (const Phase& phase : request.phases) {
    if (phase.a > now) out.push_back({now, phase.a, request.labels});
    if (phase.b > phase.a) out.push_back({phase.a, phase.b, phase.label});
    now = phase.b;
  }
  if (request.to > now) out.push_back({now, request.to, request.labels});
  return out;
}

std::vector<Segment> cut_by_states(const std::vector<Segment>& segments, const Span<int64_t>& states) {
  std::vector<Segment> out;
  size_t state = 0;
  for (Segment segment : segments) {
    const size_t label = segment.column;
    while (state < states.size && states[state] < segment.to) {
      if (states[state] > segment.from) {
        out.push_back({segment.from, states[state], label * (states.size + 1) + state});
        segment.from = states[state];
      }
      ++state;
    }
    segment.column = label * (states.size + 1) + state;
    out.push_back(segment);
  }
  return out;
}

// The label before each segment; of the first one its own, which says nothing.
std::vector<size_t> predecessors(const std::vector<Segment>& segments, size_t rest) {
  std::vector<size_t> out = {segments.front().column};
  for (size_t i = 1; i < segments.size(); ++i) {
    const Segment& last = segments[i - 1];
    const auto pause = static_cast<double>(last.to - last.from);
    const bool gap = last.column == rest && pause < kNoGap * static_cast<double>(segments[i].to - segments[i].from);
    out.push_back(gap && i > 1 ? segments[i - 2].column : last.column);
  }
  return out;
}

Matrix differences(const Matrix& rows) {
  Matrix out(rows.rows() - 1, rows.columns());
  for (size_t i = 0; i < out.rows(); ++i) {
    for (size_t j = 0; j < out.columns(); ++j) out(i, j) = rows(i + 1, j) - rows(i, j);
  }
  return out;
}

}  // namespace

AttributionFrame::AttributionFrame(const CounterView& counter, const AttributionRequest& request)
    : request_(request),
      sensor_s_(seconds(counter.traits.decay_ns) / kDecayEfolds),
      quantum_j_(counter.traits.quantum_j),
      timing_(time_edges(counter.edges, counter.traits)),
      segments_(segments_of(request)),
      labels_(request.labels + 1),
      states_(request.states.size + 1) {
  const bool rest = std::any_of(segments_.begin(), segments_.end(),
                                [&](const Segment& segment) { return segment.column == request.labels; });
  if (!rest) labels_ = request.labels;
  segments_ = cut_by_states(segments_, request.states);

  const double filter_s = seconds(counter.traits.filter_ns) / std::sqrt(3.0);
  std::vector<TimedEdge> used;
  for (TimedEdge edge : timing_.edges) {
    edge.timing_s = std::max(kFinestTiming_s, std::sqrt(square(edge.timing_s) + square(filter_s)));
    const double reach = std::sqrt(3.0) * edge.timing_s;
    // What ran before the range is unknown, and the sensor remembers it for so long.
    if (seconds(edge.at - request.from - counter.traits.decay_ns) < reach || seconds(request.to - edge.at) < reach) {
      continue;
    }
    if (!used.empty() && edge.at <= used.back().at) continue;
    used.push_back(edge);
  }
  timing_.edges = std::move(used);
  if (edges().size() >= 2) seen_ = seen_at(edges(), segments_, labels_ * states_, sensor_s_);
}

// Labels, each over all states, and further states, each over all labels.
Matrix AttributionFrame::by_column(const Matrix& by_label_and_state) const {
  Matrix out(by_label_and_state.rows(), labels_ + states_ - 1);
  for (size_t i = 0; i < out.rows(); ++i) {
    for (size_t label = 0; label < labels_; ++label) {
      for (size_t state = 0; state < states_; ++state) {
        const double part = by_label_and_state(i, label * states_ + state);
        out(i, label) += part;
        if (state > 0) out(i, labels_ + state - 1) += part;
      }
    }
  }
  return out;
}

AttributionData AttributionFrame::columns_of(const Seen& seen) const {
  AttributionData out;
  out.labels = labels_;
  out.seconds = differences(by_column(seen.seconds));
  for (size_t i = 0; i < out.seconds.rows(); ++i) {
    out.errors.length_s.push_back(std::accumulate(out.seconds.row(i), out.seconds.row(i) + labels_, 0.0));
    out.joules.push_back(edges()[i + 1].joules - edges()[i].joules);
  }
  out.share = by_column(seen.share);
  for (const TimedEdge& edge : edges()) out.timing_s.push_back(edge.timing_s);
  return out;
}

AttributionData AttributionFrame::data(const Supposed& supposed) const {
  std::vector<TimedEdge> changed = edges();
  for (TimedEdge& edge : changed) {
    edge.at += static_cast<int64_t>(std::llround(supposed.shift_s / kSecondsPerNs));
    edge.timing_s *= supposed.timing;
  }
  return columns_of(seen_at(changed, segments_, labels_ * states_, supposed.sensor * sensor_s_));
}

std::vector<double> AttributionFrame::level(double watts) const {
  std::vector<double> out(labels_ + states_ - 1);
  std::fill_n(out.begin(), labels_, watts);
  return out;
}

AttributionFrame::EdgeErrors AttributionFrame::edge_errors(const std::vector<double>& watts) const {
  EdgeErrors out;
  out.quantum = square(quantum_j_) / 12 + kFinest_j2;
  const double mean =
      (edges().back().joules - edges().front().joules) / seconds(edges().back().at - edges().front().at);
  for (size_t k = 0; k < edges().size(); ++k) {
    double power = 0;
    for (size_t label = 0; label < labels_; ++label) {
      for (size_t state = 0; state < states_; ++state) {
        const double offset = state > 0 ? watts[labels_ + state - 1] : 0;
        power += seen_.share(k, label * states_ + state) * (watts[label] + offset);
      }
    }
    const double squares = std::max(square(power), square(kLeastPower * mean));
    out.timing.push_back(squares * square(edges()[k].timing_s));
    out.displacement.push_back(squares * square(edges()[k].displacement_s));
  }
  return out;
}

std::vector<double> AttributionFrame::EdgeErrors::sum() const {
  std::vector<double> out = timing;
  for (size_t k = 0; k < out.size(); ++k) out[k] += displacement[k] + quantum;
  return out;
}

Matrix AttributionFrame::reported() const {
  Matrix out(labels_ + states_ - 1, labels_);
  const size_t last = edges().size() - 1;
  for (size_t label = 0; label < labels_; ++label) {
    out(label, label) = 1;
    double whole = 0;
    const auto part = [&](size_t state) {
      return seen_.seconds(last, label * states_ + state) - seen_.seconds(0, label * states_ + state);
    };
    for (size_t state = 0; state < states_; ++state) whole += part(state);
    for (size_t state = 1; state < states_ && whole > 0; ++state) out(labels_ + state - 1, label) = part(state) / whole;
  }
  return out;
}

Matrix AttributionFrame::split_by_predecessor() const {
  std::vector<Segment> segments = segments_of(request_);
  const std::vector<size_t> before = predecessors(segments, request_.labels);
  std::map<std::pair<size_t, size_t>, size_t> count;
  for (size_t i = 0; i < segments.size(); ++i) ++count[{segments[i].column, before[i]}];
  // Of each label the predecessor that came most often: rare ones are counted with it.
  std::vector<size_t> usual(labels_, before.front());
  for (const auto& [pair, times] : count) {
    if (times > count[{pair.first, usual[pair.first]}]) usual[pair.first] = pair.second;
  }
  std::map<std::pair<size_t, size_t>, size_t> column;
  for (size_t i = 0; i < segments.size(); ++i) {
    const size_t label = segments[i].column;
    const size_t told = count[{label, before[i]}] >= kEnoughOccurrences ? before[i] : usual[label];
    segments[i].column = column.emplace(std::make_pair(label, told), column.size()).first->second;
  }
  return differences(seen_at(edges(), segments, column.size(), sensor_s_).seconds);
}

}  // namespace mj::energy
