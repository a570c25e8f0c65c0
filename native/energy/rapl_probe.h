#pragma once

// The processor's counters as they can be read here: each interface with its diagnosis, each counter with its price.
#include <optional>
#include <vector>

#include "energy/probed_counter.h"
#include "energy/rapl_doctor.h"

namespace mj::energy {

struct RaplProbe {
  Processor processor;
  SystemFacts system;
  std::vector<RaplDiagnosis> interfaces;
  std::optional<RaplInterface> chosen;  // that a meter reads which is not told which
  std::vector<ProbedCounter> counters;  // of every interface that opens; one that says why where none can be read
};

// With `timing` it reads the counters of each package for a third of a second at most.
RaplProbe probe_rapl(const Roots& roots, bool timing);

}  // namespace mj::energy
