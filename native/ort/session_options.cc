#include "ort/session_options.h"

#include "ort/error.h"
#include "ort/placement.h"

namespace mj::ort {

namespace {

Status set_threads_and_graph(const ModelOptions& options, abi::SessionOptions* target) {
  if (options.intra_op_threads > 0) MJ_ORT_RETURN(api().SetIntraOpNumThreads(target, options.intra_op_threads));
  if (options.inter_op_threads > 0) MJ_ORT_RETURN(api().SetInterOpNumThreads(target, options.inter_op_threads));
  MJ_ORT_RETURN(api().SetSessionGraphOptimizationLevel(
      target, static_cast<abi::GraphOptimizationLevel>(options.graph_optimization)));
  MJ_ORT_RETURN(api().SetSessionExecutionMode(target, static_cast<abi::ExecutionMode>(options.execution_mode)));
  if (!options.cpu_arena) MJ_ORT_RETURN(api().DisableCpuMemArena(target));
  if (!options.memory_pattern) MJ_ORT_RETURN(api().DisableMemPattern(target));
  return {};
}

Status set_logs_and_files(const ModelOptions& options, abi::SessionOptions* target) {
  if (!options.profile_prefix.empty()) MJ_ORT_RETURN(api().EnableProfiling(target, options.profile_prefix.c_str()));
  if (!options.optimized_path.empty()) {
    MJ_ORT_RETURN(api().SetOptimizedModelFilePath(target, options.optimized_path.c_str()));
  }
  if (!options.log_id.empty()) MJ_ORT_RETURN(api().SetSessionLogId(target, options.log_id.c_str()));
  MJ_ORT_RETURN(api().SetSessionLogSeverityLevel(target, options.log_severity));
  MJ_ORT_RETURN(api().SetSessionLogVerbosityLevel(target, options.log_verbosity));
  return {};
}

Status add_external_data(const ModelOptions& options, abi::SessionOptions* target) {
  if (options.external_data.empty()) return {};
  std::vector<const char*> names;
  std::vector<char*> buffers;
  std::vector<size_t> sizes;
  for (const ModelOptions::External& file : options.external_data) {
    names.push_back(file.path.c_str());
    // The API takes a pointer to non-const and only reads.
    buffers.push_back(const_cast<char*>(static_cast<const char*>(file.bytes)));
    sizes.push_back(file.size);
  }
  return take(
      api().AddExternalInitializersFromFilesInMemory(target, names.data(), buffers.data(), sizes.data(), names.size()));
}

}  // namespace

Status make_session_options(const ModelOptions& options, Owned<abi::SessionOptions>& result) {
  MJ_ORT_RETURN(api().CreateSessionOptions(out(result)));
  abi::SessionOptions* target = result.get();
  if (Status status = set_threads_and_graph(options, target); !status.ok()) return status;
  if (Status status = set_logs_and_files(options, target); !status.ok()) return status;
  for (const auto& [name, size] : options.free_dimensions) {
    MJ_ORT_RETURN(api().AddFreeDimensionOverrideByName(target, name.c_str(), size));
  }
  for (const auto& [key, value] : options.config) {
    MJ_ORT_RETURN(api().AddSessionConfigEntry(target, key.c_str(), value.c_str()));
  }
  if (records_placement()) MJ_ORT_RETURN(api().AddSessionConfigEntry(target, kRecordPlacement, "1"));
  return add_external_data(options, target);
}

}  // namespace mj::ort
