#include "measure/loop.h"

#include "check.h"

using mj::measure::LoopRequest;
using mj::measure::next_start;

TEST("a block begins at the first instant of its phase that is not too early") {
  LoopRequest request;
  request.period_ns = 100;
  request.origin_ns = 1000;
  CHECK_EQ(next_start(request, 0.25, 1003), 1025);
  CHECK_EQ(next_start(request, 0.25, 1025), 1025);
  CHECK_EQ(next_start(request, 0.25, 1026), 1125);
  CHECK_EQ(next_start(request, 0, 900), 900);
  CHECK_EQ(next_start(request, 0.5, 999'999'999'960), 1'000'000'000'050);
}

TEST("without a period a block begins as soon as it may") { CHECK_EQ(next_start(LoopRequest(), 0.7, 12345), 12345); }
