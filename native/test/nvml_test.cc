#include <cmath>

#include "energy/nvml_device.h"
#include "energy/nvml_sources.h"
#include "energy/realtime_offset.h"
#include "energy/sources.h"
#include "test/check.h"
#include "test/fake_nvml.h"

namespace {

using namespace mj;
using namespace mj::energy;
using mj::test::FakeNvml;
using mj::test::kOneBoard;

OpenRequest at(const std::string& nvml, const std::string& device = {}) {
  OpenRequest request;
  request.roots.nvml = nvml;
  if (!device.empty()) request.devices = {device};
  return request;
}

NvmlDevices open_script(const FakeNvml& fake) { return open_nvml_devices(fake.path()); }

TEST("nvml: a field counts only with its own return and by its own type") {
  nvml::FieldValue field{};
  field.type = nvml::kUnsignedInt;
  field.value.ull = 0xABCD'EF01'0001'1170;
  uint64_t out = 0;
  CHECK(field_count(field, out));
  CHECK_EQ(out, 70'000U);
  field.result = nvml::kNotSupported;
  CHECK(!field_count(field, out));
  field = {};
  field.type = nvml::kSignedInt;
  field.value.i = -5;
  CHECK(!field_count(field, out));
  field.type = nvml::kUnsignedLongLong;
  field.value.ull = 1ULL << 40;
  CHECK(field_count(field, out));
  CHECK_EQ(out, 1ULL << 40);
  field.type = static_cast<nvml::ValueType>(7);  // NOLINT(*EnumCastOutOfRange): of a driver newer than we
  CHECK(!field_count(field, out));
}

TEST("nvml: PCI bus ids of NVML and of CUDA are the same device") {
  CHECK(same_pci_bus_id("00000000:19:00.0", "0000:19:00.0"));
  CHECK(same_pci_bus_id("00000000:3B:00.0", "3b:00.0"));
  CHECK(!same_pci_bus_id("00000001:19:00.0", "0000:19:00.0"));
  CHECK(!same_pci_bus_id("0", "0000:00:00.0"));
  CHECK(!same_pci_bus_id("GPU-1111", "GPU-1111"));
}

TEST("nvml: a device tells its identity and what it supports; what an H100 refuses is a fact") {
  const FakeNvml fake(std::string(kOneBoard) + "limit 650\nunsupported nvmlDeviceGetTemperature\n");
  const NvmlDevices found = open_script(fake);
  CHECK(found.status.ok());
  CHECK(found.library->simulated);
  CHECK_EQ(found.library->driver_version, "580.159.04");
  CHECK_EQ(found.devices.size(), 1U);
  const NvmlDevice& device = *found.devices[0];
  CHECK_EQ(device.uuid(), "GPU-1111");
  CHECK_EQ(device.name(), "Fake H100");
  CHECK_NEAR(device.power_limit_w(), 650, 1e-9);
  CHECK(device.mig().has_value());
  CHECK(!*device.mig());
  CHECK(device.supports(NvmlCall::kTotalEnergy));
  CHECK(device.supports(NvmlCall::kMemoryPower));
  CHECK(!device.supports(NvmlCall::kModuleEnergy));
  CHECK(device.support(NvmlCall::kTemperature).code == Code::kNotSupported);
}

TEST("nvml: a missing library, a driver that refuses, and one without GPUs each say so with a remedy") {
  const NvmlDevices missing = open_nvml_devices("/nonexistent/libnvidia-ml.so.1");
  CHECK(missing.status.code == Code::kLibraryNotFound);
  CHECK(!missing.status.remedy.empty());
  const FakeNvml refuses("init fail 9\n");
  CHECK(open_script(refuses).status.code == Code::kDriverFailure);
  const FakeNvml empty("");
  const Status none = open_script(empty).status;
  CHECK(none.code == Code::kNotSupported);
  CHECK(!none.remedy.empty());
}

TEST("nvml: a call that hangs is unsupported by name and the others are not") {
  const FakeNvml fake(std::string(kOneBoard) + "hang nvmlDeviceGetSamples 0\n");
  const NvmlDevices found = open_script(fake);
  CHECK(found.status.ok());
  const NvmlDevice& device = *found.devices[0];
  CHECK(device.support(NvmlCall::kPowerSamples).code == Code::kTimeout);
  CHECK(device.supports(NvmlCall::kTotalEnergy));
  CHECK(device.supports(NvmlCall::kMigMode));
}

TEST("nvml: the sources of a device, and the older power call where there are no fields") {
  const FakeNvml fake(std::string(kOneBoard) +
                      "unsupported field:185\nunsupported field:186\nunsupported field:185:2\nbase 130\n");
  const NvmlDevices found = open_script(fake);
  auto power = make_nvml_power(found.devices[0]);
  CHECK(power != nullptr);
  CHECK_EQ(power->channels().size(), 1U);
  CHECK_EQ(power->channels()[0].method, "nvml:power-usage");
  RawReading reading;
  const ReadOutcome outcome = power->read(&reading);
  CHECK_EQ(outcome.count, 1U);
  CHECK_NEAR(static_cast<double>(reading.raw) * power->channels()[0].unit, 130, 1e-6);
  CHECK(reading.t_before <= reading.t_after);
}

TEST("nvml: ring samples come masked, on the monotonic clock, each once") {
  const FakeNvml fake(std::string(kOneBoard) + "base 130\n");
  const NvmlDevices found = open_script(fake);
  const auto ring = make_nvml_ring(found.devices[0]);
  std::vector<RawReading> readings(ring->max_readings());
  const ReadOutcome first = ring->read(readings.data());
  CHECK(first.count >= 100);
  CHECK(!first.failed);
  for (size_t i = 0; i < first.count; ++i) {
    CHECK_NEAR(static_cast<double>(readings[i].raw) * 1e-3, 130, 1e-6);
    CHECK(readings[i].t_before <= monotonic_ns());
    if (i > 0) CHECK_NEAR(static_cast<double>(readings[i].t_before - readings[i - 1].t_before), 20e6, 2e3);
  }
  const int64_t newest = readings[first.count - 1].t_before;
  const ReadOutcome second = ring->read(readings.data());
  CHECK(!second.failed);
  for (size_t i = 0; i < second.count; ++i) CHECK(readings[i].t_before > newest);
}

TEST("nvml: a lost device says so") {
  const FakeNvml fake(std::string(kOneBoard) + "lost 300\n");
  const NvmlDevices found = open_script(fake);
  const auto energy = make_nvml_energy(found.devices[0], NvmlCall::kTotalEnergy, Scope::kBoard);
  RawReading reading;
  ReadOutcome outcome;
  while (monotonic_ns() < fake.origin() + 301 * kNsPerMs) outcome = energy->read(&reading);
  outcome = energy->read(&reading);
  CHECK(outcome.failed);
  CHECK(outcome.fault == Fault::kLost);
}

TEST("nvml: MIG is named in the method, for only the whole GPU's energy is known") {
  const FakeNvml fake(std::string(kOneBoard) + "mig on\n");
  const OpenedFamily family = open_nvml(at(fake.folder()));
  CHECK(family.sources[0]->channels()[0].method.find("MIG") != std::string::npos);
}

std::string integrated_method(const std::string& script) {
  const FakeNvml fake(std::string(kOneBoard) + "unsupported nvmlDeviceGetTotalEnergyConsumption\n" + script);
  const OpenedFamily family = open_nvml(at(fake.path()));
  CHECK(family.unsupported.empty());
  std::string found;
  for (const auto& source : family.sources) {
    for (const ChannelInfo& channel : source->channels()) {
      if (!channel.integrated) continue;
      CHECK(found.empty());
      found = channel.method + ": " + channel.integrated->assumed;
    }
  }
  return found;
}

TEST("nvml: a board without a counter is measured by its power, and the channel says what is taken for known of it") {
  const std::string no_ring = "unsupported nvmlDeviceGetSamples\n";
  const std::string no_fields = no_ring + "unsupported field:185\nunsupported field:186\nunsupported field:185:2\n";
  CHECK(integrated_method("").find("nvml:power-samples: ") == 0);
  CHECK_EQ(integrated_method(no_ring), "nvml:power-average: means over 1000 ms");
  const std::string only_instant = no_ring + "unsupported field:185\n";
  CHECK_EQ(integrated_method(only_instant), "nvml:power-instant: means over 25 of each 100 ms");
  CHECK_EQ(integrated_method(only_instant + "capability 61\n"), "nvml:power-instant: means over 10 of each 20 ms");
  CHECK_EQ(integrated_method(no_fields), "nvml:power-usage: means over 1000 ms");
  CHECK_EQ(integrated_method(no_fields + "capability 75\n"), "nvml:power-usage: means over 100 ms");
  CHECK_EQ(integrated_method(no_fields + "capability 80\n"), "nvml:power-usage: means over 25 of each 100 ms");
  const std::string unknown = no_fields + "unsupported nvmlDeviceGetCudaComputeCapability\n";
  CHECK(integrated_method(unknown).find("sensor not known") != std::string::npos);
}

TEST("nvml: a board that tells neither energy nor power is unsupported and says so") {
  const FakeNvml fake(std::string(kOneBoard) +
                      "unsupported nvmlDeviceGetTotalEnergyConsumption\nunsupported nvmlDeviceGetSamples\n"
                      "unsupported nvmlDeviceGetFieldValues\nunsupported nvmlDeviceGetPowerUsage\n");
  const OpenedFamily family = open_nvml(at(fake.path()));
  CHECK_EQ(family.unsupported.size(), 1U);
  CHECK(family.unsupported[0].unsupported.code == Code::kNotSupported);
  CHECK(!family.unsupported[0].unsupported.remedy.empty());
}

TEST("nvml: a device is asked for by UUID, PCI bus id or index; a name that fits none is refused") {
  const FakeNvml fake(std::string(kOneBoard) + "device GPU-2222 00000000:3B:00.0 Second\n");
  for (const char* name : {"GPU-2222", "3b:00.0", "1"}) {
    const OpenedFamily family = open_nvml(at(fake.path(), name));
    CHECK(family.refused.ok());
    CHECK_EQ(family.devices.size(), 1U);
    CHECK_EQ(family.devices[0].id, "board-1");
  }
  const OpenedFamily wrong = open_nvml(at(fake.path(), "GPU-3333"));
  CHECK(wrong.refused.code == Code::kInvalidArgument);
  CHECK(wrong.refused.remedy.find("GPU-2222") != std::string::npos);
}

TEST("realtime offset: a slewed clock passes, a clock that was set does not") {
  const ClockPair before{0, 1'000'000'000, 1'000};
  CHECK(!clock_stepped(before, {1'000'000'000, 1'000'400'000, 1'000}));
  CHECK(clock_stepped(before, {1'000'000'000, 1'005'000'000, 1'000}));
  CHECK(clock_stepped(before, {1'000'000'000, -2'000'000'000, 1'000}));
  const ClockPair now = read_clock_pair();
  CHECK(now.width_ns >= 0);
  CHECK(std::llabs(clock_ns(CLOCK_REALTIME) - monotonic_ns() - now.offset_ns) < kNsPerSecond);
}

}  // namespace
