#include "energy/meter.h"

#include <cmath>
#include <future>

#include "test/check.h"
#include "test/fake_nvml.h"

namespace {

using namespace mj;
using namespace mj::energy;
using mj::test::FakeNvml;
using mj::test::kOneBoard;

std::shared_ptr<Meter> open_meter(const FakeNvml& fake, bool windows_only = false) {
  MeterOptions options;
  options.sources = {"nvml"};
  options.request.roots.nvml = fake.path();
  options.history_seconds = 10;
  options.windows_only = windows_only;
  std::shared_ptr<Meter> meter;
  CHECK(Meter::open(options, meter).ok());
  return meter;
}

double field(const Resolution& resolution, const std::string& name, size_t channel = 0) {
  const std::vector<std::string> names = resolution_names();
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return resolution.fields.at(channel * names.size() + i);
  }
  throw std::runtime_error("no field " + name);
}

Resolution resolve(Meter& meter, int64_t a, int64_t b) {
  std::promise<Resolution> done;
  meter.resolve({{{a, b, 0, 0}}, -1}, [&](const Status& status, Resolution resolution) {
    CHECK(status.ok());
    done.set_value(std::move(resolution));
  });
  return done.get_future().get();
}

void wait_ms(int64_t ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }

TEST("meter: energy of a window read from another thread than the samplers', and joules that grow") {
  const FakeNvml fake(std::string(kOneBoard) + "base 200\n");
  const auto meter = open_meter(fake);
  const int64_t a = monotonic_ns();
  double first = 0;
  meter->data().read(&first);
  wait_ms(450);
  const int64_t b = monotonic_ns();
  const Resolution resolution = resolve(*meter, a, b);
  const double truth = 200 * static_cast<double>(b - a) / kNsPerSecond;
  CHECK(field(resolution, "window.lo") <= truth);
  CHECK(field(resolution, "window.hi") >= truth);
  double last = 0;
  meter->data().read(&last);
  CHECK(last > first);
  CHECK(meter->data().memory_bytes > 0);
  meter->close();
  meter->close();
}

TEST("meter: a window that is open when the meter closes ends with meter-closed") {
  const FakeNvml fake(kOneBoard);
  const auto meter = open_meter(fake);
  std::promise<Code> done;
  const int64_t now = monotonic_ns();
  meter->resolve({{{now, now + 3600 * kNsPerSecond, 0, 0}}, -1},
                 [&](const Status& status, const Resolution&) { done.set_value(status.code); });
  meter->close();
  CHECK(done.get_future().get() == Code::kMeterClosed);
}

TEST("meter: with windows only, slow counters rest between windows") {
  const FakeNvml fake(std::string(kOneBoard) + "base 200\n");
  const auto meter = open_meter(fake, true);
  const auto reads = [&] { return meter->statistics()[0].reads; };
  const std::vector<ThreadReport> threads = meter->statistics();
  CHECK_EQ(threads[0].name, "nvml0-energy");
  CHECK_EQ(reads(), 0U);
  std::promise<void> ready;
  meter->begin_window([&](const Status&) { ready.set_value(); });
  ready.get_future().get();
  const int64_t a = monotonic_ns();
  wait_ms(150);
  const int64_t b = monotonic_ns();
  const Resolution resolution = resolve(*meter, a, b);
  meter->end_window();
  const double truth = 200 * static_cast<double>(b - a) / kNsPerSecond;
  CHECK(field(resolution, "window.lo") <= truth);
  CHECK(field(resolution, "window.hi") >= truth);
  wait_ms(400);
  const uint64_t rested = reads();
  CHECK(rested > 0);
  wait_ms(400);
  CHECK_EQ(reads(), rested);
}

TEST("meter: those who ask for the same shared meter get one, as long as one of them holds it") {
  const FakeNvml fake(kOneBoard);
  MeterOptions options;
  options.request.roots.nvml = fake.path();
  std::shared_ptr<Meter> first;
  std::shared_ptr<Meter> second;
  std::shared_ptr<Meter> other;
  CHECK(Meter::open_shared(options, first).ok());
  CHECK(Meter::open_shared(options, second).ok());
  CHECK(first == second);
  options.history_seconds = 60;
  CHECK(Meter::open_shared(options, other).ok());
  CHECK(other != first);
  const std::weak_ptr<Meter> weak = first;
  first.reset();
  CHECK(!weak.expired());
  second.reset();
  CHECK(weak.expired());
}

TEST("meter: an unknown source is refused, an unreadable one is a channel that says why") {
  MeterOptions options;
  options.sources = {"gpu"};
  std::shared_ptr<Meter> meter;
  CHECK(Meter::open(options, meter).code == Code::kInvalidArgument);
  options.sources = {};
  options.request.roots.nvml = "/nonexistent/libnvidia-ml.so.1";
  CHECK(Meter::open(options, meter).ok());
  CHECK_EQ(meter->data().channels.size(), 2U);
  for (const MeterChannel& channel : meter->data().channels) CHECK(!channel.info.unsupported.ok());
  const int64_t now = monotonic_ns();
  const Resolution resolution = resolve(*meter, now - 1, now);
  CHECK_EQ(field(resolution, "window.status"), static_cast<double>(EstimateStatus::kUnsupported));
  CHECK(std::isnan(field(resolution, "window.value", 1)));
}

}  // namespace
