#include "fake_engine.h"

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>
#include <utility>

namespace mj {

namespace {

const std::string kContent(4096, 'e');

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

bool dynamic() { return environment("MJ_FAKE_ENGINE") == "dynamic"; }

void log(const std::string& line) {
  const std::string file = environment("MJ_FAKE_PROVIDER_LOG");
  if (!file.empty()) std::ofstream(file, std::ios::app) << line << '\n';
}

}  // namespace

FakeEngine::FakeEngine(EngineSettings settings) : settings_(std::move(settings)) {
  std::string line;
  for (const auto& [key, value] : settings_) line += (line.empty() ? "{\"" : ",\"") + key + "\":\"" + value + '"';
  log(line.empty() ? "{}" : line + '}');
}

std::string FakeEngine::at_creation() { return dynamic() ? std::string() : build_or_load(); }

void FakeEngine::at_run() {
  if (!ready_) static_cast<void>(build_or_load());
}

std::string FakeEngine::setting(const std::string& name) const {
  const auto found = settings_.find(name);
  return found != settings_.end() ? found->second : std::string();
}

std::string FakeEngine::build_or_load() {
  ready_ = true;
  const bool cached = setting("trt_engine_cache_enable") == "1";
  const std::string stem =
      setting("trt_engine_cache_path") + "/TensorrtExecutionProvider_TRTKernel_graph_fake_0_0_sm90";
  std::ifstream file(stem + ".engine", std::ios::binary);
  if (cached && file) {
    std::stringstream content;
    content << file.rdbuf();
    if (content.str() != kContent) return "TensorRT EP could not deserialize engine from cache: " + stem + ".engine";
    log("loaded");
    return {};
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(std::atoi(environment("MJ_FAKE_BUILD_MS").c_str())));
  log("built");
  if (!cached) return {};
  const bool cut = environment("MJ_FAKE_ENGINE") == "cut";
  std::ofstream(stem + ".engine", std::ios::binary) << (cut ? kContent.substr(1) : kContent);
  if (dynamic()) std::ofstream(stem + ".profile", std::ios::binary) << "profile";
  return {};
}

}  // namespace mj
