// Sessions of one device on threads of their own: who sees whom, whose turn it is, and that nobody waits for ever.
#include "ort/device_use.h"

#include <atomic>
#include <memory>
#include <thread>

#include "test/check.h"

namespace {

using namespace mj;
using namespace mj::ort;

bool never() { return false; }

void until(const std::function<bool()>& condition) {
  while (!condition()) std::this_thread::yield();
}

std::shared_ptr<DeviceUser> session(const std::string& device, const std::string& name, bool gpu = false) {
  return std::make_shared<DeviceUser>(device, name, gpu);
}

void work_once(DeviceUser& user) {
  const AtWork work(user, never);
  CHECK(work.entered());
}

TEST("device use: a watch names who else was at work, and how often") {
  const auto own = session("d1", "own");
  const auto other = session("d1", "other");
  const auto elsewhere = session("d2", "elsewhere");
  work_once(*other);
  const Watch watch(*own);
  work_once(*own);
  work_once(*elsewhere);
  CHECK(watch.others().empty());
  work_once(*other);
  work_once(*other);
  {
    const auto late = session("d1", "late");
    CHECK_EQ(watch.others().size(), 1U);
    work_once(*late);
    CHECK_EQ(watch.others().size(), 2U);
  }
  const std::vector<OtherUse> others = watch.others();
  CHECK_EQ(others.size(), 2U);
  CHECK_EQ(others[0].name, std::string("other"));
  CHECK_EQ(others[0].jobs, 2U);
  CHECK_EQ(others[1].name, std::string());  // it has ended
  CHECK_EQ(others[1].jobs, 1U);
}

TEST("device use: who is at work when a watch begins is seen, also where it has ended since") {
  const auto own = session("d3", "own");
  auto other = session("d3", "other");
  auto working = std::make_unique<AtWork>(*other, never);
  const Watch watch(*own);
  CHECK_EQ(watch.others().size(), 1U);
  working.reset();
  CHECK(watch.others()[0].jobs == 1U);
  other.reset();
  CHECK_EQ(watch.others().size(), 1U);
  CHECK(watch.others()[0].jobs == 1U);
  CHECK(Watch(*own).others().empty());
}

TEST("device use: turns are first come first served, one at a time, and may be given up") {
  const auto a = session("d4", "a");
  const auto b = session("d4", "b");
  std::string order;
  auto first = std::make_unique<Turn>(a, false, [&order] { order += '1'; });
  auto second = std::make_unique<Turn>(b, true, [&order] { order += '2'; });
  auto third = std::make_unique<Turn>(a, false, [&order] { order += '3'; });
  const Turn elsewhere(session("d5", "c"), true, [&order] { order += 'e'; });
  CHECK_EQ(order, std::string("1e"));
  second.reset();
  CHECK_EQ(order, std::string("1e"));
  first.reset();
  CHECK_EQ(order, std::string("1e3"));
}

TEST("device use: an exclusive turn keeps others out until it ends, and waits for those inside") {
  const auto own = session("d6", "own");
  const auto other = session("d6", "other");
  auto inside = std::make_unique<AtWork>(*other, never);
  auto turn = std::make_unique<Turn>(own, true, [] {});
  std::atomic<int> step{0};
  std::thread owner([&] {
    const AtWork work(*own, never);
    step = 1;
    until([&] { return step == 2; });
  });
  CHECK_EQ(step, 0);  // nothing could have let it in
  inside.reset();
  until([&] { return step == 1; });
  std::atomic<bool> done{false};
  std::thread runner([&] {
    const AtWork work(*other, never);
    done = true;
  });
  CHECK(!done);
  step = 2;
  owner.join();
  CHECK(!done);  // between two loops of one measurement, too
  turn.reset();
  runner.join();
  CHECK(done);
}

TEST("device use: who waits at the door goes on when the next turn is its own session's") {
  const auto own = session("d8", "own");
  const auto other = session("d8", "other");
  auto first = std::make_unique<Turn>(own, true, [] {});
  const Turn second(other, true, [] {});
  std::atomic<int> looks{0};
  std::thread runner([&] {
    const AtWork work(*other, [&looks] {
      ++looks;
      return false;
    });
  });
  until([&] { return looks > 0; });  // it waits
  first.reset();
  runner.join();
}

TEST("device use: a wait ends when it is cancelled") {
  const auto own = session("d7", "own");
  const auto other = session("d7", "other");
  const Turn turn(own, true, [] {});
  std::atomic<bool> cancelled{false};
  std::atomic<bool> entered{true};
  std::thread runner([&] { entered = AtWork(*other, [&] { return cancelled.load(); }).entered(); });
  cancelled = true;
  AtWork::look_again();
  runner.join();
  CHECK(!entered);
  work_once(*own);
}

TEST("device use: a capture is alone on all GPUs, and neither on the processor") {
  const auto capturing = session("g1", "capturing", true);
  const auto elsewhere = session("g2", "elsewhere", true);
  const auto processor = session("cpu-x", "processor");
  auto capture = std::make_unique<AtWork>(*capturing, never, AtWork::How::kCapturing);
  work_once(*processor);
  std::atomic<int> done{0};
  std::thread runner([&] {
    const AtWork work(*elsewhere, never);
    ++done;
  });
  std::thread second([&] {
    const AtWork work(*elsewhere, never, AtWork::How::kEnding);
    ++done;
  });
  CHECK_EQ(done, 0);
  capture.reset();
  runner.join();
  second.join();
  CHECK_EQ(done, 2);
}

TEST("device use: many threads with runs, turns and captures all come to an end, and exclusive is exclusive") {
  constexpr int kThreads = 6;
  std::atomic<int> inside{0};
  std::atomic<int> met{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([t, &inside, &met] {
      const auto user = session(t % 2 == 0 ? "s1" : "s2", "stress", true);
      for (int i = 0; i < 60; ++i) {
        if (t < 2 && i % 10 == 0) {
          std::atomic<bool> granted{false};
          const Turn turn(user, true, [&granted] { granted = true; });
          until([&granted] { return granted.load(); });
          const AtWork work(*user, never);
        } else if (t == 2 && i % 10 == 5) {
          const AtWork work(*user, never, AtWork::How::kCapturing);
          if (inside.fetch_add(1) != 0) ++met;
          inside.fetch_sub(1);
        } else {
          const AtWork work(*user, never);
          inside.fetch_add(1);
          inside.fetch_sub(1);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK_EQ(met, 0);
}

}  // namespace
