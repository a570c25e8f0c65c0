#include "energy/rapl_model.h"

#include "test/check.h"

namespace {

using namespace mj;
using namespace mj::energy;

constexpr double kTwoToMinus14 = 1.0 / (1 << 14);
constexpr double kTwoToMinus16 = 1.0 / (1 << 16);
// 1/8 W, 2^-14 J and 2^-10 s: what most Intel processors say in register 0x606.
constexpr uint64_t kUnits14 = 0xA0E03;

RaplModel model_of(const std::string& vendor, int family, int model) {
  Processor processor;
  processor.vendor = vendor;
  processor.family = family;
  processor.model = model;
  return rapl_model(processor);
}

RaplModel intel(int model) { return model_of("GenuineIntel", 6, model); }

// J a count of a domain; -1: the model has none.
double unit_of(const RaplModel& model, Scope scope, uint64_t unit_register = kUnits14) {
  for (const RaplRegister& one : model.registers) {
    if (one.scope == scope) return energy_unit_j(one.unit, unit_register);
  }
  return -1;
}

TEST("rapl model: memory counts in 2^-16 J on the servers that fix it, in the register's unit elsewhere") {
  for (const int model : {0x3F, 0x4F, 0x56, 0x55, 0x6A, 0x6C, 0x57, 0x85}) {
    CHECK_EQ(unit_of(intel(model), Scope::kDram), kTwoToMinus16);
    CHECK_EQ(unit_of(intel(model), Scope::kPackage), kTwoToMinus14);
  }
  for (const int model : {0x2D, 0x5E, 0x9E, 0xB7, 0x8F, 0xCF}) {
    CHECK_EQ(unit_of(intel(model), Scope::kDram), kTwoToMinus14);
  }
  CHECK_EQ(unit_of(intel(0x2A), Scope::kDram), -1);
}

TEST("rapl model: the platform counts in joules from Sapphire Rapids on, and where nobody says is not guessed") {
  for (const int model : {0x8F, 0xCF, 0xAD, 0xAE}) CHECK_EQ(unit_of(intel(model), Scope::kPlatform), 1);
  for (const int model : {0x4E, 0x9A, 0xC6}) CHECK_EQ(unit_of(intel(model), Scope::kPlatform), kTwoToMinus14);
  CHECK_EQ(unit_of(intel(0xAF), Scope::kPlatform), 0);
  CHECK_EQ(unit_of(intel(0x3C), Scope::kPlatform), -1);
  CHECK_EQ(unit_of(intel(0x55), Scope::kPlatform), -1);
}

TEST("rapl model: Silvermont's units go the other way") {
  const RaplModel model = intel(0x37);
  constexpr uint64_t kUnits = 0x505;
  CHECK_NEAR(unit_of(model, Scope::kPackage, kUnits), 32e-6, 1e-15);
  CHECK_EQ(unit_of(model, Scope::kDram, kUnits), -1);
  // 2^5 mW a step.
  CHECK_NEAR(package_limit_w(model, kUnits, 100, 0), 3.2, 1e-12);
  CHECK_EQ(unit_of(intel(0x4D), Scope::kPackage), kTwoToMinus14);
}

TEST("rapl model: AMD and Hygon have registers of their own, one a core") {
  for (const auto& [vendor, family] : {std::pair("AuthenticAMD", 0x17), std::pair("AuthenticAMD", 0x19),
                                       std::pair("AuthenticAMD", 0x1A), std::pair("HygonGenuine", 0x18)}) {
    const RaplModel model = model_of(vendor, family, 1);
    CHECK(model.refused.ok() && model.listed && !model.counts_dies);
    CHECK_EQ(model.unit_register, 0xC0010299U);
    CHECK_EQ(model.registers.size(), 2U);
    CHECK_EQ(model.registers[0].address, 0xC001029BU);
    CHECK_EQ(model.registers[1].address, 0xC001029AU);
    CHECK(!model.registers[0].per_core && model.registers[1].per_core);
    CHECK_EQ(unit_of(model, Scope::kPackage, 0xA1003), kTwoToMinus16);
  }
  CHECK(model_of("AuthenticAMD", 0x15, 1).refused.code == Code::kNotSupported);
}

TEST("rapl model: of a model in no table only what all models share is taken") {
  const RaplModel model = intel(0xFE);
  CHECK(model.refused.ok() && !model.listed);
  CHECK_EQ(model.name, "GenuineIntel family 6 model 254");
  CHECK_EQ(unit_of(model, Scope::kPackage), kTwoToMinus14);
  CHECK_EQ(unit_of(model, Scope::kDram), 0);
  CHECK_EQ(unit_of(model, Scope::kPlatform), 0);
  CHECK(model_of("GenuineIntel", 19, 1).refused.code == Code::kNotSupported);
  CHECK(model_of("CentaurHauls", 7, 1).refused.code == Code::kNotSupported);
  CHECK(model_of("", 0, 0).refused.code == Code::kNotSupported);
}

TEST("rapl model: a unit register of 0, as hypervisors give it, is no unit") {
  CHECK_EQ(unit_of(intel(0x55), Scope::kPackage, 0), 0);
}

TEST("rapl model: dies count for themselves on Cascade Lake-AP only") {
  CHECK(intel(0x55).counts_dies);
  CHECK(!intel(0x8F).counts_dies);
}

TEST("rapl model: the limit is the highest that can be meant") {
  const RaplModel model = intel(0x9E);
  const auto watts = [](uint64_t w) { return w * 8; };
  CHECK_EQ(package_limit_w(model, kUnits14, watts(95) | watts(119) << 32, watts(95)), 119);
  CHECK_EQ(package_limit_w(model, kUnits14, watts(4095) | watts(4095) << 32, watts(125)), 125);
  CHECK_EQ(package_limit_w(model, kUnits14, 0x7FFF, 0), 0);
  CHECK_EQ(package_limit_w(model, kUnits14, watts(65), 0), 65);
  CHECK_EQ(credible_limit_w(0, {}), 0);
}

TEST("rapl model: what lies inside what") {
  for (const Scope inner : {Scope::kCore, Scope::kUncore}) CHECK(contains(Scope::kPackage, inner));
  CHECK(!contains(Scope::kPackage, Scope::kDram));
  CHECK(!contains(Scope::kDram, Scope::kPackage));
  CHECK(!contains(Scope::kCore, Scope::kUncore));
  for (const Scope inner : {Scope::kPackage, Scope::kCore, Scope::kUncore, Scope::kDram, Scope::kBoard}) {
    CHECK(contains(Scope::kPlatform, inner));
    CHECK(!contains(inner, Scope::kPlatform));
    CHECK(!contains(inner, inner));
  }
  CHECK(contains(Scope::kModule, Scope::kBoard));
  CHECK(!contains(Scope::kBoard, Scope::kPackage));
}

}  // namespace
