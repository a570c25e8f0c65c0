// The segments of PhasesJob on the real ONNX Runtime's CPU provider, where a copy is nothing at all.
#include "measure/phases.h"

#include <cmath>

#include "test/check.h"
#include "test/onnx_bytes.h"

namespace {

using namespace mj;
using namespace mj::ort;
using measure::Kind;
using measure::PhasesJob;
using measure::PhasesRequest;

constexpr std::array<Kind, 5> kAll{Kind::kIdle, Kind::kWhole, Kind::kCopyIn, Kind::kCompute, Kind::kCopyOut};

void expect_ok(const Status& status) { CHECK_EQ(status.message, std::string()); }

struct Bound {
  std::shared_ptr<Model> model;
  std::shared_ptr<Binding> binding;
};

// Numbers in, their negatives out.
Bound bound(int64_t count = 2) {
  const Library* opened = nullptr;
  expect_ok(open_library(MJ_FAKES "/ort/libonnxruntime.so.1", opened));
  const std::string bytes = test::one_node("Neg", abi::kFloat32, {-1});
  ModelOptions options;
  options.bytes = bytes.data();
  options.size = bytes.size();
  Bound result;
  expect_ok(Model::load(options, result.model));
  Binding::Request request;
  request.outputs = {0};
  expect_ok(Binding::make(result.model, request, result.binding));
  const std::array<float, 2> data{3, 4};
  Bindings feed;
  feed.input_names.push_back(result.model->inputs()[0].name.c_str());
  feed.inputs.resize(1);
  expect_ok(copy_tensor(library().allocator, abi::kFloat32, {count}, data.data(),
                        byte_size(abi::kFloat32, static_cast<size_t>(count)), feed.inputs[0]));
  expect_ok(result.binding->update(feed));
  return result;
}

PhasesRequest segments_of(int64_t length_ns) {
  PhasesRequest request;
  request.round = kAll.size();
  request.budget_ns = INT64_MAX;
  request.warmup = 2;
  for (const Kind kind : kAll) request.segments.push_back({kind, length_ns});
  return request;
}

TEST("phases: every call is in the log of its kind, and its segment lasts as long as was asked for") {
  const Bound session = bound();
  PhasesJob job(session.model, segments_of(2 * kNsPerMs), session.binding);
  job.execute();
  expect_ok(job.status);
  CHECK_EQ(job.segments.size(), kAll.size());
  int64_t from = job.start_ns;
  for (size_t i = 0; i < kAll.size(); ++i) {
    const measure::Segment& segment = job.segments[i];
    CHECK(segment.kind == kAll[i]);
    CHECK(segment.end_ns - from >= 2 * kNsPerMs);
    if (segment.kind == Kind::kIdle) {
      CHECK_EQ(segment.calls, 0U);
    } else {
      CHECK(segment.calls > 0);
      CHECK_EQ(job.calls[static_cast<size_t>(segment.kind)].size(), segment.calls);
    }
    from = segment.end_ns;
  }
  TensorView output;
  expect_ok(view(job.bindings.outputs[0].get(), output));
  CHECK_EQ(static_cast<const float*>(output.data)[1], -4.0F);
  CHECK_EQ(job.bytes_in, 2 * sizeof(float));
  CHECK_EQ(job.bytes_out, 2 * sizeof(float));
}

TEST("phases: the parts of a whole inference fill its time") {
  const Bound session = bound();
  PhasesRequest request = segments_of(kNsPerMs);
  PhasesJob job(session.model, request, session.binding);
  job.execute();
  expect_ok(job.status);
  const measure::TimeLog& whole = job.calls[static_cast<size_t>(Kind::kWhole)];
  for (const measure::TimeLog& part : job.inside) CHECK_EQ(part.size(), whole.size());
  for (size_t i = 0; i < whole.size(); ++i) {
    CHECK_EQ(job.inside[0][i] + job.inside[1][i] + job.inside[2][i], whole[i]);
  }
}

TEST("phases: a call longer than its segment is in it all the same, and no round is begun late") {
  const Bound session = bound();
  PhasesRequest request = segments_of(0);
  for (const Kind kind : kAll) request.segments.push_back({kind, 0});
  request.budget_ns = 0;
  PhasesJob job(session.model, request, session.binding);
  job.execute();
  expect_ok(job.status);
  CHECK_EQ(job.segments.size(), kAll.size());
  for (const measure::TimeLog& calls : job.calls) CHECK_EQ(calls.size(), 1U);
}

TEST("phases: a model of which nothing is copied has none") {
  const Bound session = bound(0);
  PhasesJob job(session.model, segments_of(0), session.binding);
  job.execute();
  CHECK(job.status.code == Code::kNotSupported);
}

TEST("phases: progress tells of warm-up and segments, and an interrupt ends a quiet one") {
  const Bound session = bound();
  PhasesRequest request = segments_of(0);
  request.segments.assign(1, {Kind::kIdle, 3600 * kNsPerSecond});
  PhasesJob job(session.model, request, session.binding);
  std::vector<measure::Progress> told;
  job.on_progress = [&] {
    for (const measure::Progress& now : job.take_progress()) told.push_back(now);
    if (told.back().phase == measure::Phase::kRunning) job.interrupt();
  };
  job.execute();
  CHECK(job.status.code == Code::kAborted);
  CHECK(told.front().phase == measure::Phase::kWarmup);
  CHECK(told.back().phase == measure::Phase::kRunning);
}

}  // namespace
