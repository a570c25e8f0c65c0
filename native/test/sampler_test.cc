#include "energy/sampler.h"

#include <sched.h>

#include <thread>

#include "test/check.h"
#include "test/stepping_source.h"

namespace {

using namespace mj;
using namespace mj::energy;
using mj::test::SteppingSource;

constexpr double kCountJ = SteppingSource::kCountJ;
constexpr int64_t kUpdate = SteppingSource::kUpdateNs;

// A sampler on its thread.
struct Sampling {
  explicit Sampling(int64_t period_ns, std::vector<int> cpus = {})
      : source(std::make_shared<SteppingSource>(period_ns, std::move(cpus))),
        series(std::make_shared<Series>(*source, source->channels()[0], 10 * kNsPerSecond)),
        context(std::make_shared<SamplerContext>(source, std::vector<std::shared_ptr<Series>>{series}, gate, [] {})) {
    thread.start("rapl0", [held = context](StopSignal& stop) { run_periodic_sampler(*held, stop); });
  }

  void open_window() {
    gate->begin();
    thread.signal()->wake();
  }
  [[nodiscard]] uint64_t reads() const { return context->health->reads; }
  template <typename Condition>
  void wait_until(Condition condition) const {
    const int64_t give_up = monotonic_ns() + 20 * kNsPerSecond;
    while (!condition()) {
      CHECK(monotonic_ns() < give_up);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  std::shared_ptr<WindowGate> gate = std::make_shared<WindowGate>(false);
  std::shared_ptr<SteppingSource> source;
  std::shared_ptr<Series> series;
  std::shared_ptr<SamplerContext> context;
  StoppableThread thread;
};

constexpr int64_t kHour = 3600 * kNsPerSecond;

TEST("sampler: a window that opens wakes the thread, which then reads at its pace until the edge after the end") {
  Sampling sampling(kHour);
  sampling.wait_until([&] { return sampling.reads() == 1; });
  sampling.open_window();
  const int64_t a = monotonic_ns();
  sampling.wait_until([&] { return sampling.reads() > 20; });
  const int64_t b = monotonic_ns();
  sampling.gate->end(b);
  sampling.wait_until([&] { return sampling.series->edges->newest_lo() >= b; });
  // The read that showed that edge was the last one.
  const uint64_t rested = sampling.reads();
  std::this_thread::sleep_for(std::chrono::milliseconds(35));
  CHECK_EQ(sampling.reads(), rested);

  const EdgeSnapshot snapshot = sampling.series->edges->snapshot(a, b, 1);
  CHECK(snapshot.faults.empty());
  CHECK(snapshot.edges.size() > 10);
  const double origin = sampling.source->first_joules;
  for (const Edge& edge : snapshot.edges) {
    // The value was shown at some instant of the bracket.
    CHECK(edge.joules + origin >= SteppingSource::joules_at(edge.lo) - kCountJ);
    CHECK(edge.joules + origin <= SteppingSource::joules_at(edge.hi) + kCountJ);
    CHECK(edge.hi - edge.lo >= 0);
  }
}

TEST("sampler: an instant that somebody waits for is read soon, without an open window") {
  Sampling sampling(kHour);
  sampling.wait_until([&] { return sampling.reads() == 1; });
  const int64_t instant = monotonic_ns();
  sampling.gate->need_edge_after(instant);
  sampling.thread.signal()->wake();
  sampling.wait_until([&] { return sampling.series->edges->newest_lo() >= instant; });
}

TEST("sampler: without a window it keeps its own period, however often the counter moves") {
  constexpr int64_t kPeriod = 20 * kNsPerMs;
  const int64_t begin = monotonic_ns();
  Sampling sampling(kPeriod);
  sampling.wait_until([&] { return sampling.reads() >= 10; });
  const uint64_t reads = sampling.reads();
  CHECK(static_cast<int64_t>(reads) <= (monotonic_ns() - begin) / kPeriod + 2);
  const EdgeSnapshot snapshot = sampling.series->edges->snapshot(0, monotonic_ns(), 1);
  for (const Edge& edge : snapshot.edges) CHECK(edge.hi - edge.lo >= kUpdate);
}

TEST("sampler: the thread stays on the CPUs of its source, and runs where there are none of them") {
  cpu_set_t set;
  CPU_ZERO(&set);
  CHECK_EQ(sched_getaffinity(0, sizeof(set), &set), 0);
  int own = 0;
  while (!CPU_ISSET(own, &set)) ++own;
  Sampling pinned(kNsPerMs, {own});
  pinned.wait_until([&] { return pinned.reads() > 1; });
  CHECK_EQ(pinned.source->allowed_cpus, 1);
  Sampling nowhere(kNsPerMs, {60'000});
  nowhere.wait_until([&] { return nowhere.reads() > 1; });
  CHECK_EQ(nowhere.source->allowed_cpus, CPU_COUNT(&set));
}

TEST("sampler: a source that is gone ends the thread and leaves a fault") {
  Sampling sampling(kNsPerMs);
  sampling.wait_until([&] { return sampling.reads() > 3; });
  sampling.source->failing = true;
  sampling.wait_until([&] { return sampling.context->health->finished.load(); });
  const auto faults = sampling.series->edges->snapshot(0, monotonic_ns(), 1).faults;
  CHECK_EQ(faults.size(), 1U);
  CHECK(faults[0].fault == Fault::kLost);
}

}  // namespace
