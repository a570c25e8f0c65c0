#include <future>

#include "energy/meter.h"
#include "test/check.h"
#include "test/rapl_tree.h"

namespace {

using namespace mj;
using namespace mj::energy;
using namespace mj::test;

constexpr uint64_t kUnits14 = 0xA0E03;  // 1/8 W, 2^-14 J
constexpr double kUnitJ = 0x1p-14;

// One package whose register is about to wrap, at 50 W.
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
  static constexpr uint64_t kStart = 0xFFFF'FFFF - 800'000;  // 49 J before the wrap: a second
  RaplTree tree{kSkylakeX};
  Moving moving{{moving_msr(tree, {0}, 0x611, kStart, 50, kUnitJ)}};
};

TEST("meter: a sample is what the counter shows now, beside the sampler and across a wrap") {
  const Machine machine;
  const auto meter = machine.open();
  const MeterData& data = meter->data();
  std::vector<double> read(data.channels.size());
  std::vector<double> sampled(data.channels.size());
  data.sample(sampled.data());
  const double first = sampled[0];
  const int64_t begin = monotonic_ns();
  int64_t end = begin;
  double last = first;
  std::promise<void> ready;
  meter->begin_window([&](const Status&) { ready.set_value(); });
  ready.get_future().get();
  while (end - begin < 1'500 * kNsPerMs) {
    data.read(read.data());
    data.sample(sampled.data());
    CHECK(sampled[0] >= read[0]);
    CHECK(sampled[0] >= last);
    last = sampled[0];
    end = monotonic_ns();
  }
  meter->end_window();
  // By now it has wrapped; the writer of the fake may have come late at both ends.
  const double watts = (last - first) / (static_cast<double>(end - begin) / kNsPerSecond);
  CHECK(watts > 40 && watts < 60);
  // Of a busy machine the writer may stand still, which no register does; the wrap itself is no fault.
  for (const FaultEvent& event : data.channels[0].series->edges->snapshot(begin, end, 1).faults) {
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
