#include "energy/rapl_model.h"

#include <algorithm>
#include <cmath>

namespace mj::energy {

namespace {

constexpr uint32_t kIntelUnitRegister = 0x606;
constexpr uint32_t kAmdUnitRegister = 0xC0010299;
constexpr double kMilli = 1e-3;
constexpr double kMicro = 1e-6;

// Units of the domains of one Intel model.
struct IntelUnits {
  EnergyUnit package;
  EnergyUnit core;
  EnergyUnit uncore;
  EnergyUnit dram;
  EnergyUnit platform;
};

constexpr EnergyUnit kNone = EnergyUnit::kAbsent;
constexpr EnergyUnit kReg = EnergyUnit::kRegister;
constexpr EnergyUnit kFix = EnergyUnit::kTwoToMinus16;
constexpr EnergyUnit kInv = EnergyUnit::kMicrojoules;

constexpr IntelUnits kSandyBridge = {kReg, kReg, kReg, kNone, kNone};
constexpr IntelUnits kSandyBridgeX = {kReg, kReg, kNone, kReg, kNone};
constexpr IntelUnits kHaswell = {kReg, kReg, kReg, kReg, kNone};
constexpr IntelUnits kHaswellX = {kReg, kReg, kNone, kFix, kNone};
constexpr IntelUnits kKnights = {kReg, kNone, kNone, kFix, kNone};
constexpr IntelUnits kSkylake = {kReg, kReg, kReg, kReg, kReg};
constexpr IntelUnits kIceLakeX = {kReg, kReg, kNone, kFix, kReg};
constexpr IntelUnits kSapphireRapids = {kReg, kReg, kNone, kReg, EnergyUnit::kOneJoule};
// turbostat reads these with the register's unit, and corrected the same for Sapphire Rapids only.
constexpr IntelUnits kSierraForest = {kReg, kNone, kNone, kReg, EnergyUnit::kUnknown};
constexpr IntelUnits kSilvermont = {kInv, kInv, kNone, kNone, kNone};
constexpr IntelUnits kAvoton = {kReg, kReg, kNone, kNone, kNone};
constexpr IntelUnits kNoRegisters = {kNone, kNone, kNone, kNone, kNone};
// Package, cores and graphics have counted in the register's unit on all models but Silvermont's family since 2011.
constexpr IntelUnits kUnlisted = {kReg, kReg, kReg, EnergyUnit::kUnknown, EnergyUnit::kUnknown};

struct IntelModel {
  int family;
  int model;
  const char* name;
  const IntelUnits& units;
};

constexpr IntelModel kIntelModels[] = {
    {6, 0x2A, "Sandy Bridge", kSandyBridge},
    {6, 0x2D, "Sandy Bridge-X", kSandyBridgeX},
    {6, 0x3A, "Ivy Bridge", kSandyBridge},
    {6, 0x3E, "Ivy Bridge-X", kSandyBridgeX},
    {6, 0x3C, "Haswell", kHaswell},
    {6, 0x45, "Haswell-L", kHaswell},
    {6, 0x46, "Haswell-G", kHaswell},
    {6, 0x3F, "Haswell-X", kHaswellX},
    {6, 0x3D, "Broadwell", kHaswell},
    {6, 0x47, "Broadwell-G", kHaswell},
    {6, 0x4F, "Broadwell-X", kHaswellX},
    {6, 0x56, "Broadwell-DE", kHaswellX},
    {6, 0x4E, "Skylake-L", kSkylake},
    {6, 0x5E, "Skylake", kSkylake},
    {6, 0x55, "Skylake-X", kHaswellX},  // Cascade Lake and Cooper Lake too
    {6, 0x8E, "Kaby Lake-L", kSkylake},
    {6, 0x9E, "Kaby Lake", kSkylake},
    {6, 0x66, "Cannon Lake-L", kSkylake},
    {6, 0xA5, "Comet Lake", kSkylake},
    {6, 0xA6, "Comet Lake-L", kSkylake},
    {6, 0x7D, "Ice Lake", kSkylake},
    {6, 0x7E, "Ice Lake-L", kSkylake},
    {6, 0x9D, "Ice Lake-NNPI", kSkylake},
    {6, 0x6A, "Ice Lake-X", kIceLakeX},
    {6, 0x6C, "Ice Lake-D", kIceLakeX},
    {6, 0xA7, "Rocket Lake", kSkylake},
    {6, 0x8C, "Tiger Lake-L", kSkylake},
    {6, 0x8D, "Tiger Lake", kSkylake},
    {6, 0x8A, "Lakefield", kSkylake},
    {6, 0x97, "Alder Lake", kSkylake},
    {6, 0x9A, "Alder Lake-L", kSkylake},
    {6, 0xBE, "Alder Lake-N", kSkylake},
    {6, 0xB7, "Raptor Lake", kSkylake},
    {6, 0xBA, "Raptor Lake-P", kSkylake},
    {6, 0xBF, "Raptor Lake-S", kSkylake},
    {6, 0xD7, "Bartlett Lake", kSkylake},
    {6, 0xAC, "Meteor Lake", kSkylake},
    {6, 0xAA, "Meteor Lake-L", kSkylake},
    {6, 0xC5, "Arrow Lake-H", kSkylake},
    {6, 0xC6, "Arrow Lake", kSkylake},
    {6, 0xB5, "Arrow Lake-U", kSkylake},
    {6, 0xBD, "Lunar Lake", kSkylake},
    {6, 0xCC, "Panther Lake-L", kSkylake},
    {6, 0xD5, "Wildcat Lake-L", kSkylake},
    {18, 0x01, "Nova Lake", kSkylake},
    {18, 0x03, "Nova Lake-L", kSkylake},
    {6, 0x8F, "Sapphire Rapids", kSapphireRapids},
    {6, 0xCF, "Emerald Rapids", kSapphireRapids},
    {6, 0xAD, "Granite Rapids", kSapphireRapids},
    {6, 0xAE, "Granite Rapids-D", kSapphireRapids},
    {6, 0xAF, "Sierra Forest", kSierraForest},
    {6, 0xB6, "Grand Ridge", kSierraForest},
    {6, 0xDD, "Clearwater Forest", kSierraForest},
    {19, 0x01, "Diamond Rapids", kNoRegisters},
    {6, 0x57, "Knights Landing", kKnights},
    {6, 0x85, "Knights Mill", kKnights},
    {6, 0x37, "Silvermont", kSilvermont},
    {6, 0x4A, "Silvermont-MID", kSilvermont},
    {6, 0x5A, "Silvermont-MID2", kSilvermont},
    {6, 0x4C, "Airmont", kSilvermont},
    {6, 0x4D, "Avoton", kAvoton},
    {6, 0x5C, "Goldmont", kHaswell},
    {6, 0x5F, "Goldmont-D", kHaswell},
    {6, 0x7A, "Goldmont Plus", kHaswell},
    {6, 0x96, "Tremont", kHaswell},
    {6, 0x9C, "Tremont-L", kHaswell},
    {6, 0x86, "Tremont-D", kAvoton},
};

constexpr int kCascadeLakeAp = 0x55;  // the one Intel model with packages of several dies and registers
constexpr int kFirstZen = 0x17;

std::string family_and_model(const Processor& processor) {
  return processor.vendor + " family " + std::to_string(processor.family) + " model " + std::to_string(processor.model);
}

RaplModel intel_model(const Processor& processor) {
  RaplModel model;
  const auto* const found = std::find_if(std::begin(kIntelModels), std::end(kIntelModels), [&](const auto& one) {
    return one.family == processor.family && one.model == processor.model;
  });
  model.listed = found != std::end(kIntelModels);
  model.name = model.listed ? found->name : family_and_model(processor);
  const IntelUnits& units = model.listed ? found->units : kUnlisted;
  model.counts_dies = processor.family == 6 && processor.model == kCascadeLakeAp;
  model.unit_register = kIntelUnitRegister;
  model.power_limits = true;
  const RaplRegister all[] = {{Scope::kPackage, 0x611, units.package},
                              {Scope::kCore, 0x639, units.core},
                              {Scope::kUncore, 0x641, units.uncore},
                              {Scope::kDram, 0x619, units.dram},
                              {Scope::kPlatform, 0x64D, units.platform}};
  std::copy_if(std::begin(all), std::end(all), std::back_inserter(model.registers),
               [](const RaplRegister& one) { return one.unit != EnergyUnit::kAbsent; });
  if (model.registers.empty()) {
    model.refused = {Code::kNotSupported,
                     model.name + " has no energy registers: its kernel driver reads them elsewhere.",
                     "Use the perf or the powercap interface."};
  }
  return model;
}

RaplModel amd_model(const Processor& processor) {
  RaplModel model;
  model.name = family_and_model(processor);
  const bool amd = processor.vendor == "AuthenticAMD";
  model.listed =
      amd ? processor.family == 0x17 || processor.family == 0x19 || processor.family == 0x1A : processor.family == 0x18;
  if (processor.family < kFirstZen) {
    model.refused = {Code::kNotSupported, model.name + " is older than AMD's energy registers, which Zen introduced."};
    return model;
  }
  model.unit_register = kAmdUnitRegister;
  model.registers = {{Scope::kPackage, 0xC001029B, kReg}, {Scope::kCore, 0xC001029A, kReg, true}};
  return model;
}

double power_unit_w(const RaplModel& model, uint64_t unit_register) noexcept {
  const int exponent = static_cast<int>(unit_register & 0xF);
  const bool inverse = !model.registers.empty() && model.registers.front().unit == EnergyUnit::kMicrojoules;
  return inverse ? std::ldexp(kMilli, exponent) : std::ldexp(1.0, -exponent);
}

}  // namespace

RaplModel rapl_model(const Processor& processor) {
  if (processor.vendor == "GenuineIntel") return intel_model(processor);
  if (processor.vendor == "AuthenticAMD" || processor.vendor == "HygonGenuine") return amd_model(processor);
  RaplModel model;
  model.name = processor.vendor.empty() ? "an unnamed processor" : family_and_model(processor);
  model.refused = {Code::kNotSupported, "No energy registers are known of " + model.name + "."};
  return model;
}

double energy_unit_j(EnergyUnit unit, uint64_t unit_register) noexcept {
  const int exponent = static_cast<int>(unit_register >> 8 & 0x1F);
  switch (unit) {
    case EnergyUnit::kRegister:
      return exponent == 0 ? 0 : std::ldexp(1.0, -exponent);
    case EnergyUnit::kMicrojoules:
      return exponent == 0 ? 0 : std::ldexp(kMicro, exponent);
    case EnergyUnit::kTwoToMinus16:
      return std::ldexp(1.0, -16);
    case EnergyUnit::kOneJoule:
      return 1;
    case EnergyUnit::kAbsent:
    case EnergyUnit::kUnknown:
      break;
  }
  return 0;
}

double credible_limit_w(double rated_w, std::initializer_list<double> limits_w) noexcept {
  // Boards lift a limit by writing the highest value there is, 4095 W, or a multiple of what the processor can take.
  constexpr double kLiftedW = 4000;
  constexpr double kLiftedTimesRated = 4;
  double highest = rated_w;
  for (const double limit : limits_w) {
    const bool lifted = limit >= kLiftedW || (rated_w > 0 && limit >= kLiftedTimesRated * rated_w);
    if (!lifted) highest = std::max(highest, limit);
  }
  return highest;
}

double package_limit_w(const RaplModel& model, uint64_t unit_register, uint64_t limits, uint64_t info) noexcept {
  constexpr uint64_t kField = 0x7FFF;
  const double unit = power_unit_w(model, unit_register);
  const double rated = static_cast<double>(info & kField) * unit;
  const double long_term = static_cast<double>(limits & kField) * unit;
  const double short_term = static_cast<double>(limits >> 32 & kField) * unit;
  return credible_limit_w(rated, {long_term, short_term});
}

bool contains(Scope outer, Scope inner) noexcept {
  if (outer == inner) return false;
  switch (outer) {
    case Scope::kPlatform:
      return true;
    case Scope::kPackage:
      return inner == Scope::kCore || inner == Scope::kUncore;
    case Scope::kModule:
      return inner == Scope::kBoard || inner == Scope::kGpuMemory;
    case Scope::kBoard:
      return inner == Scope::kGpuMemory;
    case Scope::kGpuMemory:
    case Scope::kCore:
    case Scope::kUncore:
    case Scope::kDram:
      break;
  }
  return false;
}

}  // namespace mj::energy
