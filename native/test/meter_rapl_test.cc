#include <future>
#include <optional>

#include "energy/meter.h"
#include "test/check.h"
#include "test/rapl_tree.h"

namespace {

using namespace mj;
using namespace mj::energy;
using namespace mj::test;

constexpr uint64_t kUnits14 = 0xA0E03;  // 1/8 W, 2^-14 J
constexpr double kUnitJ = 0x1p-14;

// One package whose register is about to wrap. It moves by itself at 50 W until somebody else moves it on.
struct Machine {
  Machine() {
    tree.topology({{{0, 0}}});
    tree.msr(0, 0x606, kUnits14);
    tree.msr(0, 0x611, kStart);
  }
  [[nodiscard]] std::shared_ptr<Meter> open() const {
    MeterOptions options;
    options.sources = {"rapl"};
    options.request.roots = tree.roots();
    options.request.rapl_interface = "msr";
    options.history_seconds = 10;
    std::shared_ptr<Meter> meter;
    CHECK(Meter::open(options, meter).ok());
    CHECK_EQ(meter->data().channels[0].info.id, "package-0");
    CHECK(meter->data().channels[0].series != nullptr);
    return meter;
  }
  // By counts; what the register then shows is known to the thread that calls this.
  uint64_t move_on(uint64_t counts) {
    moving.reset();
    shown += counts;
    tree.msr(0, 0x611, shown & 0xFFFF'FFFF);
    return shown;
  }

  static constexpr uint64_t kStart = 0xFFFF'FFFF - 800'000;  // 49 J before the wrap: a second
  RaplTree tree{kSkylakeX};
  uint64_t shown = kStart;
  std::optional<Moving> moving{std::in_place,
                               std::vector<Moving::Counter>{{50, [this](double joules) {
                                                               shown = kStart + static_cast<uint64_t>(joules / kUnitJ);
                                                               tree.msr(0, 0x611, shown & 0xFFFF'FFFF);
                                                             }}}};
};

TEST("meter: a sample is what the counter shows now, beside the sampler and across a wrap") {
  Machine machine;
  const auto meter = machine.open();
  const MeterData& data = meter->data();
  std::vector<double> read(data.channels.size());
  std::vector<double> sampled(data.channels.size());
  std::promise<void> ready;
  meter->begin_window([&](const Status&) { ready.set_value(); });
  ready.get_future().get();
  const int64_t begin = monotonic_ns();
  const uint64_t first_shown = machine.move_on(0);
  data.sample(sampled.data());
  const double first = sampled[0];
  // 0.25 J each, past the wrap; every step is one that a package can make, however late this thread comes.
  constexpr uint64_t kStep = 4'096;
  for (uint64_t counts = 0; counts < 1'000'000; counts += kStep) {
    const uint64_t shown = machine.move_on(kStep);
    data.read(read.data());
    data.sample(sampled.data());
    CHECK_NEAR(sampled[0] - first, static_cast<double>(shown - first_shown) * kUnitJ, 1e-9);
    CHECK(sampled[0] >= read[0]);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  meter->end_window();
  CHECK(machine.shown > 0xFFFF'FFFF);
  for (const FaultEvent& event : data.channels[0].series->edges->snapshot(begin, monotonic_ns(), 1).faults) {
    // This thread may come late with a step, which then is what stuck counters look like.
    CHECK(event.fault == Fault::kStuck);
  }
}

TEST("meter: samples may be taken by several threads at once") {
  const Machine machine;
  const auto meter = machine.open();
  std::vector<std::thread> threads;
  std::atomic<int> backwards{0};
  threads.reserve(3);
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      std::vector<double> out(meter->data().channels.size());
      double last = 0;
      for (int k = 0; k < 2'000; ++k) {
        meter->data().sample(out.data());
        if (out[0] < last) ++backwards;
        last = out[0];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK_EQ(backwards, 0);
}

}  // namespace
