#pragma once

// Why one interface could not be opened, for each of the three.
#include "energy/rapl_findings.h"

namespace mj::energy {

Finding examine_perf(const RaplScene& scene, const RaplFound& found);
Finding examine_msr(const RaplScene& scene, const RaplFound& found);
Finding examine_powercap(const RaplScene& scene, const RaplFound& found);

}  // namespace mj::energy
