#include "bind/ort_options.h"

#include <string>
#include <utility>

namespace mj::bind {

namespace {

std::string text(const Napi::Object& object, const char* key) {
  const Napi::Value value = object.Get(key);
  return value.IsString() ? value.As<Napi::String>().Utf8Value() : std::string();
}

int64_t integer(const Napi::Object& object, const char* key) { return object.Get(key).As<Napi::Number>().Int64Value(); }

int small(const Napi::Object& object, const char* key) { return object.Get(key).As<Napi::Number>().Int32Value(); }

bool truth(const Napi::Object& object, const char* key) { return object.Get(key).As<Napi::Boolean>().Value(); }

std::vector<std::string> texts(const Napi::Object& object, const char* key) {
  return read_texts(object.Get(key).As<Napi::Array>());
}

std::vector<std::pair<std::string, std::string>> pairs(const Napi::Object& config) {
  std::vector<std::string> keys = texts(config, "keys");
  std::vector<std::string> values = texts(config, "values");
  std::vector<std::pair<std::string, std::string>> result;
  for (size_t i = 0; i < keys.size() && i < values.size(); ++i) {
    result.emplace_back(std::move(keys[i]), std::move(values[i]));
  }
  return result;
}

struct Bytes {
  const void* data;
  size_t size;
};

Bytes bytes_of(const Napi::Value& value) {
  const auto array = value.As<Napi::Uint8Array>();
  return {array.Data(), array.ByteLength()};
}

void read_lists(const Napi::Object& options, SessionRequest& request) {
  const auto providers = options.Get("providers").As<Napi::Array>();
  for (uint32_t i = 0; i < providers.Length(); ++i) {
    const auto provider = Napi::Value(providers[i]).As<Napi::Object>();
    request.model.providers.push_back(
        {text(provider, "name"), texts(provider, "keys"), texts(provider, "values"), texts(provider, "folders")});
  }
  const auto free = options.Get("freeDimensions").As<Napi::Object>();
  const std::vector<std::string> names = texts(free, "names");
  const auto sizes = free.Get("values").As<Napi::Array>();
  for (uint32_t i = 0; i < names.size(); ++i) {
    request.model.free_dimensions.emplace_back(names[i], Napi::Value(sizes[i]).As<Napi::Number>().Int64Value());
  }
  const auto external = options.Get("externalData").As<Napi::Array>();
  for (uint32_t i = 0; i < external.Length(); ++i) {
    const auto file = Napi::Value(external[i]).As<Napi::Object>();
    const Napi::Value data = file.Get("bytes");
    const Bytes bytes = bytes_of(data);
    request.model.external_data.push_back({text(file, "path"), bytes.data, bytes.size});
    request.held.push_back(data);
  }
}

}  // namespace

std::vector<std::string> read_texts(const Napi::Array& list) {
  std::vector<std::string> result;
  result.reserve(list.Length());
  for (uint32_t i = 0; i < list.Length(); ++i) result.push_back(Napi::Value(list[i]).ToString().Utf8Value());
  return result;
}

SessionRequest read_session_request(const Napi::Object& options) {
  SessionRequest request;
  request.library = text(options, "library");
  request.executor_spin_ns = integer(options, "executorSpinNs");
  request.caller_wait_ns = integer(options, "callerWaitNs");
  ort::ModelOptions& model = request.model;
  model.path = text(options, "modelPath");
  if (const Napi::Value data = options.Get("modelBytes"); data.IsTypedArray()) {
    const Bytes bytes = bytes_of(data);
    model.bytes = bytes.data;
    model.size = bytes.size;
    request.held.push_back(data);
  }
  model.fallback = truth(options, "fallback");
  model.intra_op_threads = small(options, "intraOpThreads");
  model.inter_op_threads = small(options, "interOpThreads");
  model.graph_optimization = small(options, "graphOptimizationLevel");
  model.execution_mode = small(options, "executionMode");
  model.cpu_arena = truth(options, "cpuMemArena");
  model.memory_pattern = truth(options, "memPattern");
  model.profile_prefix = text(options, "profilePrefix");
  model.optimized_path = text(options, "optimizedModelPath");
  model.log_id = text(options, "logId");
  model.log_severity = small(options, "logSeverity");
  model.log_verbosity = small(options, "logVerbosity");
  model.config = pairs(options.Get("config").As<Napi::Object>());
  read_lists(options, request);
  return request;
}

ort::RunSettings read_run_settings(const Napi::Object& settings) {
  ort::RunSettings result;
  result.log_severity = small(settings, "logSeverity");
  result.log_verbosity = small(settings, "logVerbosity");
  result.tag = text(settings, "tag");
  result.config = pairs(settings.Get("config").As<Napi::Object>());
  return result;
}

measure::LoopRequest read_loop_request(const Napi::Object& request) {
  measure::LoopRequest result;
  result.warmup = static_cast<uint64_t>(integer(request, "warmup"));
  result.repetitions = static_cast<uint64_t>(integer(request, "repetitions"));
  result.min_duration_ns = integer(request, "minDurationNs");
  result.max_duration_ns = integer(request, "maxDurationNs");
  result.idle_before_ns = integer(request, "idleBeforeNs");
  result.idle_after_ns = integer(request, "idleAfterNs");
  const auto phases = request.Get("phases").As<Napi::Float64Array>();
  result.phases.assign(phases.Data(), phases.Data() + phases.ElementLength());
  result.period_ns = integer(request, "periodNs");
  bool lossless = false;
  result.origin_ns = request.Get("originNs").As<Napi::BigInt>().Int64Value(&lossless);
  result.sham = truth(request, "sham");
  result.budget_ns = integer(request, "budgetNs");
  return result;
}

measure::PhasesRequest read_phases_request(const Napi::Object& request) {
  measure::PhasesRequest result;
  const auto kinds = request.Get("kinds").As<Napi::Int32Array>();
  const auto lengths = request.Get("lengthsNs").As<Napi::Float64Array>();
  result.segments.reserve(kinds.ElementLength());
  for (size_t i = 0; i < kinds.ElementLength(); ++i) {
    result.segments.push_back({static_cast<measure::Kind>(kinds[i]), static_cast<int64_t>(lengths[i])});
  }
  result.round = static_cast<size_t>(integer(request, "round"));
  result.budget_ns = integer(request, "budgetNs");
  result.warmup = static_cast<uint64_t>(integer(request, "warmup"));
  if (truth(request, "pinned")) result.host = ort::Place::kPinned;
  return result;
}

}  // namespace mj::bind
