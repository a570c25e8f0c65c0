#include "bind/energy_probe.h"

#include <optional>
#include <string>
#include <vector>

#include "bind/energy_convert.h"

namespace mj::bind {

namespace {

Napi::Value boolean_or_null(Napi::Env env, const std::optional<bool>& value) {
  return value ? Napi::Value(Napi::Boolean::New(env, *value)) : env.Null();
}

template <typename T>
Napi::Value number_or_null(Napi::Env env, const std::optional<T>& value) {
  return value ? Napi::Value(Napi::Number::New(env, *value)) : env.Null();
}

Napi::Value text_or_null(Napi::Env env, const std::string& text) {
  return text.empty() ? env.Null() : Napi::Value(Napi::String::New(env, text));
}

// Those that matter to counters.
Napi::Value capabilities(Napi::Env env, const std::optional<energy::CapabilitySet>& set) {
  if (!set) return env.Null();
  std::vector<std::string> names;
  for (const energy::Capability one : energy::kCapabilities) {
    if (set->has(one)) names.emplace_back(energy::capability_name(one));
  }
  return strings(env, names);
}

Napi::Object counter_object(Napi::Env env, const energy::ProbedCounter& counter) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("id", counter.id);
  object.Set("scope", energy::scope_name(counter.scope));
  object.Set("source", counter.family);
  object.Set("method", counter.method);
  object.Set("readable", counter.unsupported.ok());
  object.Set("unit", counter.kind == energy::ReadingKind::kEnergyCounter ? "J" : "W");
  object.Set("resolution", counter.resolution);
  object.Set("updatePeriodNs", counter.update_period_ns);
  object.Set("callNs", doubles(env, counter.call_ns));
  set_unsupported(object, counter.unsupported);
  return object;
}

Napi::Object processor_object(Napi::Env env, const energy::Processor& processor, const std::string& hypervisor) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("name", processor.name);
  object.Set("vendor", processor.vendor);
  object.Set("family", processor.family);
  object.Set("model", processor.model);
  object.Set("stepping", processor.stepping);
  object.Set("packages", static_cast<double>(energy::cpu_groups(processor, energy::CpuLevel::kPackage).size()));
  object.Set("cpus", static_cast<double>(processor.cpus.size()));
  object.Set("hypervisor", text_or_null(env, hypervisor));
  return object;
}

Napi::Object process_object(Napi::Env env, const energy::ProcessFacts& process) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("uid", number_or_null(env, process.uid));
  object.Set("capabilities", capabilities(env, process.effective));
  object.Set("boundingCapabilities", capabilities(env, process.bounding));
  object.Set("noNewPrivileges", boolean_or_null(env, process.no_new_privileges));
  object.Set("seccompFilter", boolean_or_null(env, process.seccomp_filter));
  object.Set("userNamespace", boolean_or_null(env, process.user_namespace));
  object.Set("program", text_or_null(env, process.program));
  object.Set("programCapabilities", capabilities(env, process.file_capabilities));
  return object;
}

Napi::Object module_object(Napi::Env env, const energy::KernelModule& module) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("name", module.name);
  object.Set("state", text_or_null(env, module.state ? energy::module_state_name(*module.state) : ""));
  return object;
}

Napi::Object kernel_object(Napi::Env env, const energy::KernelFacts& kernel) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("release", text_or_null(env, kernel.release ? kernel.release->text : ""));
  object.Set("perfEventParanoid", number_or_null(env, kernel.perf_paranoid));
  object.Set("lockdown", text_or_null(env, kernel.lockdown ? energy::lockdown_name(*kernel.lockdown) : ""));
  Napi::Object modules = Napi::Object::New(env);
  modules.Set("perf", module_object(env, kernel.perf));
  modules.Set("msr", module_object(env, kernel.msr));
  modules.Set("powercap", module_object(env, kernel.powercap));
  object.Set("modules", modules);
  return object;
}

Napi::Object system_object(Napi::Env env, const energy::SystemFacts& system) {
  const std::optional<energy::Container>& container = system.confinement.container;
  Napi::Object object = Napi::Object::New(env);
  object.Set("process", process_object(env, system.process));
  object.Set("kernel", kernel_object(env, system.kernel));
  object.Set("container", text_or_null(env, container ? energy::container_name(*container) : ""));
  return object;
}

Napi::Object diagnosis_object(Napi::Env env, const energy::RaplDiagnosis& diagnosis) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("interface", energy::rapl_interface_name(diagnosis.interface));
  object.Set("usable", diagnosis.usable);
  object.Set("cause", energy::rapl_cause_name(diagnosis.cause));
  object.Set("code", code_name(diagnosis.status.code));
  object.Set("reason", diagnosis.status.message);
  object.Set("remedy", diagnosis.status.remedy);
  return object;
}

Napi::Object rapl_object(Napi::Env env, const energy::RaplProbe& probe) {
  Napi::Array interfaces = Napi::Array::New(env, probe.interfaces.size());
  for (uint32_t i = 0; i < probe.interfaces.size(); ++i) {
    interfaces.Set(i, diagnosis_object(env, probe.interfaces[i]));
  }
  Napi::Object object = Napi::Object::New(env);
  object.Set("chosen", text_or_null(env, probe.chosen ? energy::rapl_interface_name(*probe.chosen) : ""));
  object.Set("interfaces", interfaces);
  object.Set("system", system_object(env, probe.system));
  return object;
}

}  // namespace

Napi::Value counter_probe(Napi::Env env, const energy::CounterProbe& probe) {
  Napi::Array gpus = Napi::Array::New(env, probe.devices.size());
  for (uint32_t i = 0; i < probe.devices.size(); ++i) {
    gpus.Set(i, device_object(env, probe.devices[i]));
  }
  Napi::Array counters = Napi::Array::New(env, probe.counters.size());
  for (uint32_t i = 0; i < probe.counters.size(); ++i) counters.Set(i, counter_object(env, probe.counters[i]));
  Napi::Object object = Napi::Object::New(env);
  object.Set("driver", probe.driver);
  object.Set("cudaDriver", probe.cuda_driver);
  object.Set("simulated", probe.simulated);
  object.Set("devices", gpus);
  object.Set("counters", counters);
  object.Set("processor", processor_object(env, probe.rapl.processor, probe.rapl.system.confinement.hypervisor));
  object.Set("rapl", rapl_object(env, probe.rapl));
  return object;
}

Napi::Value board_states(Napi::Env env, const energy::NvmlDevices& found) {
  using energy::NvmlCall;
  Napi::Array boards = Napi::Array::New(env, found.devices.size());
  for (uint32_t i = 0; i < found.devices.size(); ++i) {
    const energy::NvmlDevice& device = *found.devices[i];
    const auto number = [&](NvmlCall call, double unit) {
      const auto told = device.told(call);
      return told ? Napi::Value(Napi::Number::New(env, static_cast<double>(*told) * unit)) : env.Null();
    };
    const auto truth = [&](NvmlCall call) {
      const auto told = device.told(call);
      return boolean_or_null(env, told ? std::optional(*told != 0) : std::nullopt);
    };
    Napi::Object board = Napi::Object::New(env);
    board.Set("uuid", device.uuid());
    board.Set("name", device.name());
    board.Set("index", device.index());
    board.Set("pciBusId", device.pci_bus_id());
    board.Set("driver", found.library->driver_version);
    board.Set("powerLimitW", number(NvmlCall::kPowerLimit, 1e-3));
    board.Set("persistenceMode", truth(NvmlCall::kPersistenceMode));
    board.Set("applicationGraphicsMHz", number(NvmlCall::kApplicationGraphicsClock, 1));
    board.Set("applicationMemoryMHz", number(NvmlCall::kApplicationMemoryClock, 1));
    board.Set("autoBoost", truth(NvmlCall::kAutoBoost));
    boards.Set(i, board);
  }
  return boards;
}

Napi::Value rapl_causes(const Napi::CallbackInfo& info) {
  std::vector<std::string> names;
  for (int i = 1; i <= static_cast<int>(energy::RaplCause::kOther); ++i) {
    names.emplace_back(energy::rapl_cause_name(static_cast<energy::RaplCause>(i)));
  }
  return strings(info.Env(), names);
}

}  // namespace mj::bind
