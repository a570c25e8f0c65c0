#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/thread.h"
#include "energy/conditions.h"
#include "energy/series.h"

namespace mj::energy {

enum class SamplerState : uint8_t { kRunning, kStopped, kLost, kStuck };
const char* sampler_state_name(SamplerState state) noexcept;

// Cost and health of one thread, written by it and read by anybody.
struct ThreadHealth {
  explicit ThreadHealth(std::string thread_name) : name(std::move(thread_name)) {}

  const std::string name;
  std::atomic<int64_t> started_at{0};
  std::atomic<int64_t> cpu_ns{0};
  std::atomic<uint64_t> reads{0};
  std::atomic<uint64_t> late{0};     // begun later than scheduled by more than a tenth of the period
  std::atomic<uint64_t> dropped{0};  // updates or readings that were missed
  std::atomic<int64_t> in_call_since{0};
  std::atomic<bool> finished{false};
  std::atomic<Fault> fault{Fault::kNone};

  [[nodiscard]] SamplerState state(int64_t now) const noexcept;
  void begin_call(int64_t now, int64_t scheduled, int64_t period_ns) noexcept;
  void end_call() noexcept;
};

// A driver call that lasts longer than this is taken for stuck.
constexpr int64_t kStuckCallNs = kNsPerSecond;

// When a window is open, and after it until the edge after its end has come: then slow counters are read with
// `sampling: 'windows'`, and fast ones more often. With `sampling: 'dense'` slow ones are read back to back, and not
// only around the predicted edges.
class WindowGate {
 public:
  explicit WindowGate(bool windows_only, bool dense = false) : windows_only_(windows_only), dense_(dense) {}

  [[nodiscard]] bool windows_only() const noexcept { return windows_only_; }
  [[nodiscard]] bool dense() const noexcept { return dense_; }
  void begin() noexcept { open_.fetch_add(1); }
  void end(int64_t now) noexcept;
  // Reading goes on until an edge after this instant, and at most `patience_ns` beyond it.
  void need_edge_after(int64_t instant) noexcept;
  [[nodiscard]] bool in_window(int64_t now, int64_t newest_edge_lo, int64_t patience_ns) const noexcept;
  // Whether slow counters are read now.
  [[nodiscard]] bool active(int64_t now, int64_t newest_edge_lo, int64_t patience_ns) const noexcept;

 private:
  const bool windows_only_;
  const bool dense_;
  std::atomic<int> open_{0};
  std::atomic<int64_t> needed_{0};
};

// What a sampler's thread owns, so that one abandoned in a driver call returns into valid memory.
struct SamplerContext {
  SamplerContext(std::shared_ptr<Source> s, std::vector<std::shared_ptr<Series>> out, std::shared_ptr<WindowGate> g,
                 std::function<void()> edge)
      : source(std::move(s)),
        series(std::move(out)),
        gate(std::move(g)),
        on_edge(std::move(edge)),
        health(std::make_shared<ThreadHealth>(source->name())) {}

  const std::shared_ptr<Source> source;
  const std::vector<std::shared_ptr<Series>> series;  // one a channel of the source
  const std::shared_ptr<WindowGate> gate;
  const std::function<void()> on_edge;  // wakes whoever waits for edges or for the end of a series
  const std::shared_ptr<ThreadHealth> health;
};

// Bodies of the threads. They end at the stop or when the device is lost, and stay on the CPUs that their source names.
void run_edge_sampler(SamplerContext& context, StopSignal& stop);
void run_periodic_sampler(SamplerContext& context, StopSignal& stop);

struct ConditionsContext {
  ConditionsContext(std::unique_ptr<ConditionsSource> s, int64_t history_ns)
      : source(std::move(s)),
        samples(static_cast<size_t>(history_ns / source->period_ns()) + 16),
        health(std::make_shared<ThreadHealth>(source->name())) {}

  const std::unique_ptr<ConditionsSource> source;
  Ring<ConditionSample> samples;
  const std::shared_ptr<ThreadHealth> health;
};

void run_conditions_sampler(ConditionsContext& context, StopSignal& stop);

}  // namespace mj::energy
