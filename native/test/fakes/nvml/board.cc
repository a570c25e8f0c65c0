#include "nvml/board.h"

#include <algorithm>
#include <cmath>
#include <ctime>

namespace fake {

namespace {

// The ring's samples: centroid 14 to 20 ms late, tail e-fold about 13 ms.
constexpr double kFilterDelayMs = 4;
constexpr double kFilterTauMs = 13;
constexpr size_t kCpuMarks = 4096;

double overlap(const Pulse& pulse, double t_ms) {
  return std::clamp(t_ms - pulse.start_ms, 0.0, pulse.end_ms - pulse.start_ms);
}

unsigned int milliwatts(double watts) { return static_cast<unsigned int>(std::lround(watts * 1e3)); }

}  // namespace

double Board::energy_j(double t_ms) const {
  double joules = script_.base_w * t_ms / 1e3;
  for (const Pulse& pulse : script_.pulses) joules += pulse.watts * overlap(pulse, t_ms) / 1e3;
  if (script_.follow_cpu) joules += script_.watts_per_core * cpu_ms(t_ms) / 1e3;
  return joules;
}

// A first-order sensor holds back its time constant times what it shows.
double Board::held_back_j(double t_ms) const {
  if (script_.sensor_ms <= 0) return 0;
  const auto shown = [this](double since_ms) { return since_ms > 0 ? 1 - std::exp(-since_ms / script_.sensor_ms) : 0; };
  double watts = 0;
  for (const Pulse& pulse : script_.pulses)
    watts += pulse.watts * (shown(t_ms - pulse.start_ms) - shown(t_ms - pulse.end_ms));
  return watts * script_.sensor_ms / 1e3;
}

double Board::grid(double t_ms, double period_ms) const {
  return std::floor((t_ms - script_.phase_ms) / period_ms) * period_ms + script_.phase_ms;
}

uint64_t Board::counter_mj(double t_ms) const {
  double at = grid(t_ms, script_.period_ms);
  if (at >= script_.stuck_ms && at < script_.stuck_until_ms) at = grid(script_.stuck_ms, script_.period_ms);
  double joules = script_.offset_j + energy_j(at) - held_back_j(at);
  if (at >= script_.reset_ms) joules = energy_j(at) - energy_j(script_.reset_ms);
  if (at >= script_.backwards_ms) joules -= script_.backwards_j;
  return static_cast<uint64_t>(std::max(0.0, joules * 1e3));
}

unsigned int Board::mean_mw(double t_ms, double over_ms) const {
  return milliwatts((energy_j(t_ms) - energy_j(t_ms - over_ms)) / over_ms * 1e3);
}

unsigned int Board::filtered_mw(double t_ms) const {
  if (script_.follow_cpu) return mean_mw(t_ms, 20);
  const auto rise = [](double since_ms) { return since_ms > 0 ? 1 - std::exp(-since_ms / kFilterTauMs) : 0; };
  double watts = script_.base_w;
  for (const Pulse& pulse : script_.pulses) {
    watts += pulse.watts * (rise(t_ms - kFilterDelayMs - pulse.start_ms) - rise(t_ms - kFilterDelayMs - pulse.end_ms));
  }
  return milliwatts(watts);
}

bool Board::busy(double t_ms) const {
  return std::any_of(script_.pulses.begin(), script_.pulses.end(),
                     [t_ms](const Pulse& pulse) { return t_ms >= pulse.start_ms && t_ms < pulse.end_ms; });
}

void Board::look_at_cpu(double t_ms) {
  if (!script_.follow_cpu) return;
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!cpu_.empty() && cpu_.back().at_ms >= t_ms) return;
  cpu_.push_back({t_ms, static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6});
  if (cpu_.size() > kCpuMarks) cpu_.pop_front();
}

double Board::cpu_ms(double t_ms) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (cpu_.empty()) return 0;
  const auto after =
      std::lower_bound(cpu_.begin(), cpu_.end(), t_ms, [](const CpuMark& mark, double t) { return mark.at_ms < t; });
  if (after == cpu_.begin()) return cpu_.front().cpu_ms;
  if (after == cpu_.end()) return cpu_.back().cpu_ms;
  const CpuMark& before = *(after - 1);
  const double part = (t_ms - before.at_ms) / (after->at_ms - before.at_ms);
  return before.cpu_ms + part * (after->cpu_ms - before.cpu_ms);
}

}  // namespace fake
