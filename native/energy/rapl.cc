// The processor's energy as a family of sources: by which interface it is read, and what each package gives.
#include "energy/rapl.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "base/clock.h"
#include "energy/rapl_doctor.h"
#include "energy/rapl_model.h"
#include "energy/rapl_source.h"
#include "energy/rapl_watch.h"
#include "energy/window_traits.h"

namespace mj::energy {

namespace {

struct Interface {
  const char* name;
  RaplFound (*open)(const Roots&);
};
constexpr Interface kInterfaces[] = {
    {"perf", open_rapl_perf}, {"msr", open_rapl_msr}, {"powercap", open_rapl_powercap}};

// 2^-14 J is the step of most of Intel's packages, and a coarser one than AMD's.
const double kAssumedStepJ = std::ldexp(1.0, -14);

// Where the interface itself does not tell, the powercap tree often may be asked, and then the table of models.
void complete(RaplDomain& domain, const std::vector<RaplDomain>& described, const RaplModel& model) {
  for (const RaplDomain& one : described) {
    if (one.scope != domain.scope || one.package != domain.package || one.die != domain.die) continue;
    if (domain.power_limit_w == 0) domain.power_limit_w = one.power_limit_w;
    if (domain.quantum_j == 0) domain.quantum_j = one.quantum_j;
  }
  for (const RaplRegister& one : model.registers) {
    if (one.scope == domain.scope && domain.quantum_j == 0) domain.quantum_j = energy_unit_j(one.unit, 0);
  }
  if (domain.quantum_j == 0) domain.quantum_j = std::max(domain.unit_j, kAssumedStepJ);
}

bool gives_package(const RaplFound& found) {
  return std::any_of(found.groups.begin(), found.groups.end(), [](const RaplGroup& group) {
    return std::any_of(group.domains.begin(), group.domains.end(), [](const RaplDomain& domain) {
      return domain.scope == Scope::kPackage && domain.unsupported.ok();
    });
  });
}

// Why an interface that opened is not taken: what is wrong with its counter of a package, or else with any.
Status without_package(const RaplFound& found, const char* interface) {
  std::vector<RaplDomain> wrong = found.unreadable;
  for (const RaplGroup& group : found.groups) {
    std::copy_if(group.domains.begin(), group.domains.end(), std::back_inserter(wrong),
                 [](const RaplDomain& domain) { return !domain.unsupported.ok(); });
  }
  if (wrong.empty()) {
    return {Code::kNotSupported, std::string("The ") + interface + " interface has no counter of a whole package."};
  }
  const auto package = std::find_if(wrong.begin(), wrong.end(),
                                    [](const RaplDomain& domain) { return domain.scope == Scope::kPackage; });
  const RaplDomain& domain = package != wrong.end() ? *package : wrong.front();
  return {domain.unsupported.code, interface + (":" + domain.name) + ": " + domain.unsupported.message,
          domain.unsupported.remedy};
}

// Places of the counters, in the order of their indices.
class Places {
 public:
  explicit Places(const RaplFound& found) {
    for (const RaplGroup& group : found.groups) add(group.domains);
    add(found.unreadable);
  }
  [[nodiscard]] int index_of(const RaplDomain& domain) const {
    return static_cast<int>(std::distance(places_.begin(), places_.find({domain.package, domain.die})));
  }

 private:
  void add(const std::vector<RaplDomain>& domains) {
    for (const RaplDomain& domain : domains) places_.insert({domain.package, domain.die});
  }
  std::set<std::pair<int, int>> places_;
};

ChannelInfo channel_of(const RaplDomain& domain, const char* interface, int index) {
  ChannelInfo channel;
  channel.index = index;
  channel.id = std::string(scope_prefix(domain.scope)) + "-" + std::to_string(index);
  channel.method = std::string(interface) + ":" + domain.name;
  channel.scope = domain.scope;
  channel.unit = domain.unit_j;
  channel.modulus = domain.modulus;
  channel.traits = rapl_traits(domain.quantum_j, domain.power_limit_w, 0);
  // Whichever way it is read, it is the same sensor.
  channel.key =
      "rapl:" + std::to_string(domain.package) + ":" + std::to_string(domain.die) + ":" + scope_name(domain.scope);
  channel.unsupported = domain.unsupported;
  return channel;
}

ChannelInfo refused_package(const Status& status) {
  ChannelInfo channel;
  channel.id = "package-0";
  channel.method = "rapl";
  channel.scope = Scope::kPackage;
  channel.unsupported = status;
  return channel;
}

}  // namespace

const char* rapl_interface_name(RaplInterface one) noexcept { return kInterfaces[static_cast<size_t>(one)].name; }

RaplFound open_rapl_interface(RaplInterface one, const Roots& roots) {
  return kInterfaces[static_cast<size_t>(one)].open(roots);
}

RaplFound open_watched_rapl(RaplInterface one, const Roots& roots) {
  RaplFound found = open_rapl_interface(one, roots);
  if (!found.refused.ok()) return found;
  const std::vector<RaplDomain> described = describe_powercap(roots);
  const RaplModel model = rapl_model(read_processor(roots));
  for (RaplGroup& group : found.groups) {
    for (RaplDomain& domain : group.domains) complete(domain, described, model);
  }
  watch_rapl(found.groups);
  if (!gives_package(found)) found.refused = without_package(found, rapl_interface_name(one));
  return found;
}

OpenedFamily rapl_family(RaplFound found, RaplInterface one, bool filtered) {
  // [P: Intel SA-00389] the noise hides what happened within this time; the figure is assumed.
  constexpr int64_t kFilterNs = 50 * kNsPerMs;
  const char* const interface = rapl_interface_name(one);
  OpenedFamily family;
  const Places places(found);
  std::set<std::string> ids;
  std::vector<ChannelInfo> left_out;
  for (size_t i = 0; i < found.groups.size(); ++i) {
    std::vector<ChannelInfo> channels;
    for (const RaplDomain& domain : found.groups[i].domains) {
      channels.push_back(channel_of(domain, interface, places.index_of(domain)));
      if (filtered) channels.back().traits.filter_ns = kFilterNs;
      if (domain.unsupported.ok()) ids.insert(channels.back().id);
    }
    std::copy_if(channels.begin(), channels.end(), std::back_inserter(left_out),
                 [](const ChannelInfo& channel) { return !channel.unsupported.ok(); });
    auto source = make_rapl_source("rapl" + std::to_string(i), std::move(found.groups[i]), std::move(channels));
    if (!source->channels().empty()) family.sources.push_back(std::move(source));
  }
  for (const RaplDomain& domain : found.unreadable) {
    left_out.push_back(channel_of(domain, interface, places.index_of(domain)));
  }
  // An id stands for one counter: that which is read, where two ways lead to it.
  for (ChannelInfo& channel : left_out) {
    if (ids.insert(channel.id).second) family.unsupported.push_back(std::move(channel));
  }
  return family;
}

OpenedFamily open_rapl(const OpenRequest& request) {
  std::vector<RaplAttempt> attempts;
  for (const RaplInterface one : kRaplInterfaces) {
    if (!request.rapl_interface.empty() && request.rapl_interface != rapl_interface_name(one)) continue;
    RaplFound found = open_watched_rapl(one, request.roots);
    if (found.refused.ok()) {
      return rapl_family(std::move(found), one, rapl_filtered(read_processor(request.roots), request.roots));
    }
    attempts.push_back({one, std::move(found)});
  }
  OpenedFamily family;
  if (attempts.empty()) {
    family.refused = {Code::kInvalidArgument, "There is no RAPL interface called '" + request.rapl_interface + "'.",
                      "Interfaces: perf, msr, powercap."};
    return family;
  }
  family.unsupported.push_back(refused_package(rapl_refusal(read_rapl_scene(request.roots), attempts)));
  return family;
}

}  // namespace mj::energy
