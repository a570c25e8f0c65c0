#include "ort/faults.h"

#include <dlfcn.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <sstream>
#include <vector>

namespace mj::fake {

namespace {

constexpr char kLost[] = "CUDA failure 700: an illegal memory access was encountered ; GPU=0 ; expr=cudaMemcpyAsync";

struct Rule {
  Call call;
  long from;
  long to;
  std::string what;
};

Call call_named(const std::string& name) {
  if (name == "create") return Call::kCreate;
  return name == "run" ? Call::kRun : Call::kTensor;
}

std::vector<Rule> read_rules() {
  std::vector<Rule> rules;
  const char* text = std::getenv("MJ_FAKE_FAULTS");
  std::istringstream all(text != nullptr ? text : "");
  for (std::string one; std::getline(all, one, '|');) {
    const size_t at = one.find('@');
    const size_t is = one.find('=', at);
    const std::string when = one.substr(at + 1, is - at - 1);
    const size_t dash = when.find('-');
    const long from = std::atol(when.c_str());
    rules.push_back({call_named(one.substr(0, at)), from,
                     dash == std::string::npos ? from : std::atol(when.c_str() + dash + 1), one.substr(is + 1)});
  }
  return rules;
}

std::array<std::atomic<long>, 3> g_calls{};
std::atomic<bool> g_lost{false};

// The driver that the addon has opened.
void lose_context() {
  g_lost = true;
  void* driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (driver == nullptr) return;
  reinterpret_cast<void (*)(int)>(dlsym(driver, "mj_fail_always"))(700);
}

}  // namespace

bool device_lost() { return g_lost; }

Fault next_fault(Call call) {
  static const auto* rules = new std::vector<Rule>(read_rules());
  const long number = ++g_calls[static_cast<size_t>(call)];
  // Tensors are mostly the host's.
  if (g_lost && call != Call::kTensor) return {0, kLost};
  Fault fault;
  for (const Rule& rule : *rules) {
    if (rule.call != call || number < rule.from || number > rule.to) continue;
    if (rule.what.rfind("slow ", 0) == 0) {
      fault.slow_ms += std::atol(rule.what.c_str() + 5);
    } else if (rule.what == "lost") {
      lose_context();
      fault.failure = kLost;
    } else if (rule.what == "silently lost") {
      lose_context();
      fault.failure = "CUBLAS failure 13: CUBLAS_STATUS_EXECUTION_FAILED ; GPU=0 ; expr=cublasSgemm";
    } else {
      fault.failure = rule.what;
    }
  }
  return fault;
}

}  // namespace mj::fake
