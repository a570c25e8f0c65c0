#include "energy/alignment.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/clock.h"
#include "energy/window_faults.h"

namespace mj::energy {

namespace {

constexpr int64_t kPatiencePeriods = 30;
// Beyond the patience, for the step that the window is to begin at.
constexpr int64_t kMorePeriods = 2;
// With the time in which the thread was kept from running, which does not count as watched.
constexpr int64_t kLongestWatchNs = 300 * kNsPerMs;

}  // namespace

Alignment::Watched::Watched(size_t its_place, const MeterChannel& channel)
    : place(its_place), source_channel(channel.source_channel), tracker(channel.series->rules) {
  before.reserve(kStepsToWatch);
  after.reserve(kStepsToWatch);
}

bool Alignment::Watched::observe(const RawReading& reading, bool closing, int64_t window_end) noexcept {
  const auto outcome = tracker.observe(reading.t_before, reading.t_after, reading.raw);
  if (outcome.fault.fault != Fault::kNone) fault = outcome.fault.fault;
  if (!outcome.changed || (closing && outcome.edge.lo < window_end)) return false;
  if (!closing && before.size() == kStepsToWatch) before.erase(before.begin());
  std::vector<Edge>& steps = closing ? after : before;
  if (steps.size() < kStepsToWatch) steps.push_back(outcome.edge);
  return true;
}

bool Alignment::Watched::seen(bool closing) const noexcept {
  // Of what was not seen before the window, nothing is waited for after it.
  const bool given_up = closing && before.size() < kStepsToWatch;
  return given_up || fault != Fault::kNone || (closing ? after : before).size() == kStepsToWatch;
}

Alignment::Alignment(std::shared_ptr<const MeterData> data) : data_(std::move(data)) {
  bool package = false;
  for (size_t i = 0; i < data_->channels.size(); ++i) {
    const MeterChannel& channel = data_->channels[i];
    if (!excluded(channel).ok()) continue;
    auto group =
        std::find_if(groups_.begin(), groups_.end(), [&](const Group& one) { return one.source == channel.source; });
    if (group == groups_.end()) {
      groups_.push_back({channel.source, std::vector<RawReading>(channel.source->max_readings()), {}});
      group = std::prev(groups_.end());
    }
    group->channels.emplace_back(i, channel);
    period_ns_ = std::max(period_ns_, channel.info.traits.period_ns);
    const bool leads = groups_.size() == 1 && group->channels.size() == 1;
    if (leads || (!package && channel.info.scope == Scope::kPackage)) leader_ = i;
    package |= channel.info.scope == Scope::kPackage;
  }
}

Status Alignment::excluded(const MeterChannel& channel) const {
  if (!channel.series) return channel.info.unsupported;
  if (!channel.source->immediate()) {
    return {Code::kNotSupported, "A read of " + channel.info.method + " takes too long for its steps to be watched."};
  }
  if (channel.info.traits.filter_ns > 0) {
    return {Code::kNotSupported, "Its values carry deliberate noise (SGX, or energy filtering set in MSR 0xBC)."};
  }
  return {};
}

Status Alignment::possible() const {
  if (!groups_.empty()) return {};
  for (const MeterChannel& channel : data_->channels) {
    if (channel.info.scope != Scope::kPackage) continue;
    const Status status = excluded(channel);
    return {status.code, "No window can be aligned here: " + channel.info.id + ": " + status.message, status.remedy};
  }
  return {Code::kNotSupported,
          "No window can be aligned here: that takes a counter that steps each millisecond and can be read within "
          "microseconds, as the processor's.",
          "Leave out align, or open a meter with the source 'rapl'."};
}

void Alignment::open() {
  watch();
  for (Group& group : groups_) {
    for (Watched& channel : group.channels) channel.tracker.pause();
  }
}

void Alignment::close(int64_t a, int64_t b) {
  closing_ = true;
  a_ = a;
  b_ = b;
  watch();
}

void Alignment::watch() {
  const int64_t begin = monotonic_ns();
  int64_t watched_ns = 0;
  for (int64_t last = begin; last - begin < kLongestWatchNs;) {
    const bool leader_stepped = read_all();
    const int64_t now = monotonic_ns();
    watched_ns += std::min(now - last, period_ns_);
    last = now;
    if (watched_ns >= (kPatiencePeriods + kMorePeriods) * period_ns_) return;
    const bool enough = watched_ns >= kPatiencePeriods * period_ns_ || all_seen();
    if (enough && (closing_ || leader_stepped)) return;
  }
}

bool Alignment::read_all() noexcept {
  bool leader_stepped = false;
  for (Group& group : groups_) {
    const ReadOutcome outcome = group.source->read(group.readings.data());
    for (Watched& channel : group.channels) {
      if (outcome.failed) channel.fault = outcome.fault == Fault::kNone ? Fault::kLost : outcome.fault;
      for (size_t i = 0; i < outcome.count; ++i) {
        if (group.readings[i].channel != channel.source_channel) continue;
        const bool stepped = channel.observe(group.readings[i], closing_, b_);
        leader_stepped |= stepped && channel.place == leader_;
      }
    }
  }
  return leader_stepped;
}

bool Alignment::all_seen() const noexcept {
  return std::all_of(groups_.begin(), groups_.end(), [this](const Group& group) {
    return std::all_of(group.channels.begin(), group.channels.end(),
                       [this](const Watched& channel) { return channel.seen(closing_); });
  });
}

Alignment::Outcome Alignment::outcome_of(const Watched& watched) const {
  if (watched.fault != Fault::kNone) {
    return {{Code::kNotSupported, std::string("A fault of the counter: ") + cause_name(cause_of(watched.fault)) + "."},
            {}};
  }
  for (const auto* steps : {&watched.before, &watched.after}) {
    if (steps->size() == kStepsToWatch) continue;
    const std::string side = steps == &watched.before ? "before" : "after";
    return {{Code::kNotSupported, "It stepped " + std::to_string(steps->size()) + " times in the " +
                                      std::to_string(kPatiencePeriods * period_ns_ / kNsPerMs) + " ms " + side +
                                      " the window, and " + std::to_string(kStepsToWatch) + " steps are needed."},
            {}};
  }
  const AlignedSteps steps{{watched.before.data(), watched.before.size()},
                           {watched.after.data(), watched.after.size()}};
  return {{}, aligned_window(steps, a_, b_, data_->traits(data_->channels[watched.place]))};
}

std::vector<Alignment::Outcome> Alignment::outcomes() const {
  std::vector<Outcome> all(data_->channels.size());
  for (size_t i = 0; i < all.size(); ++i) all[i].unaligned = excluded(data_->channels[i]);
  for (const Group& group : groups_) {
    for (const Watched& channel : group.channels) all[channel.place] = outcome_of(channel);
  }
  return all;
}

}  // namespace mj::energy
