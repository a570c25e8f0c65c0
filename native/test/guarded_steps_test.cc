#include "base/guarded_steps.h"

#include <atomic>
#include <memory>
#include <thread>

#include "base/clock.h"
#include "test/check.h"

namespace {

using namespace mj;

TEST("guarded steps: results in order, failures among them") {
  const auto results = run_guarded("steps",
                                   {{"one", [] { return Status(); }},
                                    {"two", [] { return Status(Code::kNotSupported, "no"); }},
                                    {"three", [] { return Status(); }}},
                                   kNsPerSecond, kNsPerSecond);
  CHECK_EQ(results.size(), 3U);
  CHECK(results[0].ok());
  CHECK(results[2].ok());
  CHECK(results[1].code == Code::kNotSupported);
}

TEST("guarded steps: one that never returns is a timeout by name, and the rest still run") {
  const auto go = std::make_shared<std::atomic<bool>>(false);
  const auto ran = std::make_shared<std::atomic<int>>(0);
  const auto results = run_guarded("steps",
                                   {{"The first", [ran] { return ++*ran, Status(); }},
                                    {"The stuck",
                                     [go] {
                                       while (!*go) std::this_thread::yield();
                                       return Status(Code::kInternal, "too late to count");
                                     }},
                                    {"The last", [ran] { return ++*ran, Status(); }}},
                                   20 * kNsPerMs, 10 * kNsPerSecond);
  *go = true;
  CHECK_EQ(ran->load(), 2);
  CHECK(results[1].code == Code::kTimeout);
  CHECK_EQ(results[1].message.find("The stuck"), 0U);
  CHECK(results[2].ok());
}

TEST("guarded steps: when the whole time is used up the rest is given up") {
  const auto go = std::make_shared<std::atomic<bool>>(false);
  const auto ran = std::make_shared<std::atomic<bool>>(false);
  const auto results = run_guarded("steps",
                                   {{"The stuck",
                                     [go] {
                                       while (!*go) std::this_thread::yield();
                                       return Status();
                                     }},
                                    {"The rest", [ran] { return *ran = true, Status(); }}},
                                   10 * kNsPerSecond, 20 * kNsPerMs);
  *go = true;
  CHECK(results[0].code == Code::kTimeout);
  CHECK(results[1].code == Code::kTimeout);
  CHECK(!ran->load());
}

}  // namespace
