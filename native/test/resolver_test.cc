#include "energy/resolver.h"

#include <atomic>
#include <future>

#include "energy/sampler.h"
#include "test/check.h"

namespace {

using namespace mj;
using namespace mj::energy;

constexpr int64_t kFar = 3600 * kNsPerSecond;

TEST("resolver: a job runs when it is ready, long before its deadline") {
  Resolver resolver;
  const auto ready = std::make_shared<std::atomic<bool>>(false);
  std::promise<Code> done;
  resolver.add({monotonic_ns() + kFar, [ready] { return ready->load(); },
                [&](const Status& status) { done.set_value(status.code); }});
  *ready = true;
  resolver.waker()();
  CHECK(done.get_future().get() == Code::kOk);
}

TEST("resolver: a job that never becomes ready runs at its deadline") {
  Resolver resolver;
  std::promise<Code> done;
  resolver.add(
      {monotonic_ns() + kNsPerMs, [] { return false; }, [&](const Status& status) { done.set_value(status.code); }});
  CHECK(done.get_future().get() == Code::kOk);
}

TEST("resolver: cancelled and closed jobs run once with their status") {
  Resolver resolver;
  int runs = 0;
  Code last = Code::kOk;
  const auto job = [&]() -> Resolver::Job {
    return {monotonic_ns() + kFar, [] { return false; }, [&](const Status& status) { ++runs, last = status.code; }};
  };
  const uint64_t first = resolver.add(job());
  resolver.cancel(first, {Code::kAborted, "stop"});
  resolver.cancel(first, {Code::kAborted, "stop"});
  CHECK_EQ(runs, 1);
  CHECK(last == Code::kAborted);
  resolver.add(job());
  resolver.close({Code::kMeterClosed, "closed"});
  CHECK_EQ(runs, 2);
  CHECK(last == Code::kMeterClosed);
  resolver.add(job());
  CHECK_EQ(runs, 3);
}

TEST("window gate: open while a window is, and after it until the edge after its end, but not for ever") {
  WindowGate gate(true);
  CHECK(!gate.active(1'000, 0, 300));
  gate.begin();
  gate.begin();
  gate.end(2'000);
  CHECK(gate.active(9'000, 8'000, 300));
  gate.end(10'000);
  CHECK(gate.active(10'050, 9'990, 300));
  CHECK(!gate.active(10'050, 10'001, 300));
  CHECK(!gate.active(10'301, 9'990, 300));
  gate.need_edge_after(12'000);
  CHECK(gate.active(10'302, 10'200, 300));
  CHECK(WindowGate(false).active(0, 0, 0));
}

}  // namespace
