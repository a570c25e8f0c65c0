#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/status.h"

namespace mj {

struct GuardedStep {
  std::string what;              // names the foreign call in the failure's sentence
  std::function<Status()> call;  // owns, by shared_ptr, whatever it touches
};

// Runs foreign calls one after another, each of which may never return. One that exceeds its deadline is abandoned
// with its thread and reported as a timeout; the steps after it run on a new thread, until the total is used up.
std::vector<Status> run_guarded(const std::string& thread_name, std::vector<GuardedStep> steps, int64_t step_ns,
                                int64_t total_ns);

}  // namespace mj
