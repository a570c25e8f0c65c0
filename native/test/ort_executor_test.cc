#include "ort/executor.h"

#include <atomic>
#include <vector>

#include "test/check.h"

namespace {

using namespace mj;
using namespace mj::ort;

// A job that lasts until it is let go or interrupted.
class Held final : public Job {
 public:
  void execute() noexcept override {
    begun = true;
    while (!let_go && !interrupted) std::this_thread::yield();
    if (interrupted) status = {Code::kOrtFailure, "interrupted"};
  }
  void interrupt() noexcept override { interrupted = true; }

  std::atomic<bool> begun{false};
  std::atomic<bool> let_go{false};
  std::atomic<bool> interrupted{false};
};

class Noted final : public Job {
 public:
  Noted(std::vector<int>& order, int name) : order_(order), name_(name) {}
  void execute() noexcept override { order_.push_back(name_); }

 private:
  std::vector<int>& order_;
  const int name_;
};

void until(const std::function<bool()>& condition) {
  while (!condition()) std::this_thread::yield();
}

void ended(const Job& job) {
  until([&job] { return job.wait(kNsPerMs); });
}

TEST("executor: jobs end in the order of their submission, asleep or awake") {
  for (const int64_t spin_ns : {int64_t{0}, kNsPerMs}) {
    Executor executor(spin_ns);
    std::vector<int> order;
    JobPtr last;
    for (int i = 0; i < 200; ++i) {
      last = std::make_shared<Noted>(order, i);
      executor.submit(last);
      if (i % 50 == 0) ended(*last);
    }
    ended(*last);
    CHECK_EQ(order.size(), 200U);
    for (int i = 0; i < 200; ++i) CHECK_EQ(order[static_cast<size_t>(i)], i);
  }
}

TEST("executor: whoever watches is told once, whoever comes late is not") {
  Executor executor(0);
  auto job = std::make_shared<Held>();
  std::atomic<int> told{0};
  executor.submit(job);
  CHECK(job->on_end([&told] { ++told; }));
  CHECK(!job->wait(0));
  job->let_go = true;
  ended(*job);
  until([&told] { return told == 1; });
  CHECK(!job->on_end([&told] { ++told; }));
  CHECK_EQ(told.load(), 1);
}

TEST("executor: a queued job is dropped unrun, a running one is interrupted") {
  Executor executor(0);
  auto running = std::make_shared<Held>();
  auto queued = std::make_shared<Held>();
  running->ticket = 1;
  queued->ticket = 2;
  executor.submit(running);
  until([&running] { return running->begun.load(); });
  CHECK(!executor.eager());
  executor.submit(queued);
  CHECK(executor.cancel(2));
  ended(*queued);
  CHECK(!queued->begun);
  CHECK(queued->status.code == Code::kAborted);
  CHECK(executor.cancel(1));
  ended(*running);
  CHECK(running->status.code == Code::kAborted);
  CHECK(!executor.cancel(1));
}

TEST("executor: a job is done at once on the calling thread where none is before it") {
  class Here final : public Job {
   public:
    explicit Here(bool free) : free_(free) {}
    void execute() noexcept override {}
    bool execute_at_once() noexcept override {
      if (free_) done_on = std::this_thread::get_id();
      return free_;
    }
    std::thread::id done_on;

   private:
    const bool free_;
  };
  Executor executor(0);
  Here here(true);
  CHECK(executor.do_here(here));
  CHECK(here.done_on == std::this_thread::get_id());
  Here elsewhere_busy(false);
  CHECK(!executor.do_here(elsewhere_busy));

  auto before = std::make_shared<Held>();
  executor.submit(before);
  Here behind(true);
  CHECK(!executor.do_here(behind));
  before->let_go = true;
  ended(*before);
  CHECK(executor.do_here(behind));
}

TEST("executor: a run that cannot be stopped goes on after its cancellation, its result is dropped, others wait") {
  class Deaf final : public Job {
   public:
    void execute() noexcept override {
      begun = true;
      while (!go) std::this_thread::yield();
    }
    std::atomic<bool> begun{false};
    std::atomic<bool> go{false};
  };
  Executor executor(0);
  auto running = std::make_shared<Deaf>();
  auto next = std::make_shared<Held>();
  running->ticket = 1;
  next->let_go = true;
  executor.submit(running);
  until([&running] { return running->begun.load(); });
  CHECK(executor.cancel(1));
  executor.submit(next);
  CHECK(!running->wait(0));
  CHECK(!next->begun);
  running->go = true;
  ended(*next);
  CHECK(running->wait(0));
  CHECK(running->status.code == Code::kAborted);
  CHECK(next->status.ok());
}

TEST("executor: the end interrupts what runs and drops what waits") {
  auto running = std::make_shared<Held>();
  auto queued = std::make_shared<Held>();
  {
    Executor executor(0);
    executor.submit(running);
    executor.submit(queued);
    until([&running] { return running->begun.load(); });
  }
  CHECK(running->wait(0));
  CHECK(queued->wait(0));
  CHECK(queued->status.code == Code::kAborted);
}

TEST("executor: a thread stuck in a foreign call is abandoned, and its job outlives the executor") {
  class Stuck final : public Job {
   public:
    void execute() noexcept override {
      begun = true;
      while (!go) std::this_thread::yield();
    }
    std::atomic<bool> begun{false};
    std::atomic<bool> go{false};
  };
  auto job = std::make_shared<Stuck>();
  {
    Executor executor(0);
    executor.submit(job);
    until([&job] { return job->begun.load(); });
  }
  CHECK(!job->wait(0));
  job->go = true;
  ended(*job);
}

}  // namespace
