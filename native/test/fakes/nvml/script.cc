#include "nvml/script.h"

#include <functional>
#include <sstream>

namespace fake {

namespace {

using Statement = std::function<bool(Script&, DeviceScript&, std::istringstream&)>;

bool on_or_off(std::istringstream& in, bool& out) {
  std::string word;
  in >> word;
  out = word == "on";
  return out || word == "off";
}

const std::map<std::string, Statement>& statements() {
  static const auto* all = new std::map<std::string, Statement>{
      {"driver", [](Script& s, DeviceScript&, auto& in) { return bool(in >> s.driver); }},
      {"origin", [](Script& s, DeviceScript&, auto& in) { return bool(in >> s.origin_ns); }},
      {"latency",
       [](Script& s, DeviceScript&, auto& in) { return bool(in >> s.latency_us >> s.tail_us >> s.tail_every); }},
      {"init",
       [](Script& s, DeviceScript&, auto& in) {
         std::string how;
         in >> how;
         s.init_hangs = how == "hang";
         return how == "ok" || how == "hang" || (how == "fail" && bool(in >> s.init_code));
       }},
      {"base", [](Script&, DeviceScript& d, auto& in) { return bool(in >> d.base_w); }},
      {"pulse",
       [](Script&, DeviceScript& d, auto& in) {
         double start = 0, length = 0, watts = 0;
         if (!(in >> start >> length >> watts)) return false;
         d.pulses.push_back({start, start + length, watts});
         return true;
       }},
      {"square",
       [](Script&, DeviceScript& d, auto& in) {
         double start = 0, period = 0, on = 0, watts = 0;
         int count = 0;
         if (!(in >> start >> period >> on >> watts >> count)) return false;
         for (int i = 0; i < count; ++i) d.pulses.push_back({start + i * period, start + i * period + on, watts});
         return true;
       }},
      {"follow-cpu",
       [](Script&, DeviceScript& d, auto& in) {
         d.follow_cpu = true;
         return bool(in >> d.base_w >> d.watts_per_core);
       }},
      {"counter",
       [](Script&, DeviceScript& d, auto& in) { return bool(in >> d.period_ms >> d.phase_ms >> d.offset_j); }},
      {"sensor", [](Script&, DeviceScript& d, auto& in) { return bool(in >> d.sensor_ms); }},
      {"power",
       [](Script&, DeviceScript& d, auto& in) { return bool(in >> d.power_period_ms >> d.power_averaging_ms); }},
      {"capability", [](Script&, DeviceScript& d, auto& in) { return bool(in >> d.capability); }},
      {"limit", [](Script&, DeviceScript& d, auto& in) { return bool(in >> d.limit_w); }},
      {"persistence", [](Script&, DeviceScript& d, auto& in) { return on_or_off(in, d.persistence); }},
      {"clocks", [](Script&, DeviceScript& d, auto& in) { return bool(in >> d.graphics_mhz >> d.memory_mhz); }},
      {"auto-boost", [](Script&, DeviceScript& d, auto& in) { return on_or_off(in, d.auto_boost.emplace()); }},
      {"mig",
       [](Script&, DeviceScript& d, auto& in) {
         std::string word;
         in >> word;
         d.mig = word == "on";
         return d.mig;
       }},
      {"foreign",
       [](Script&, DeviceScript& d, auto& in) {
         DeviceScript::Foreign& process = d.foreign.emplace_back();
         in >> process.pid >> process.percent;
         const bool read = bool(in);
         if (double until = 0; in >> until) process.until_ms = until;
         in.clear();
         return read;
       }},
      {"unsupported",
       [](Script&, DeviceScript& d, auto& in) {
         std::string call;
         in >> call;
         return d.unsupported.insert(call).second;
       }},
      {"refuse",
       [](Script&, DeviceScript& d, auto& in) {
         std::string call;
         in >> call;
         auto& [from, until] = d.refused[call];
         return bool(in >> from >> until);
       }},
      {"hang",
       [](Script&, DeviceScript& d, auto& in) {
         std::string call;
         return bool(in >> call >> d.hangs[call]);
       }},
      {"lost", [](Script&, DeviceScript& d, auto& in) { return bool(in >> d.lost_ms); }},
      {"reset", [](Script&, DeviceScript& d, auto& in) { return bool(in >> d.reset_ms); }},
      {"stuck", [](Script&, DeviceScript& d, auto& in) { return bool(in >> d.stuck_ms >> d.stuck_until_ms); }},
      {"backwards", [](Script&, DeviceScript& d, auto& in) { return bool(in >> d.backwards_ms >> d.backwards_j); }},
  };
  return *all;
}

const std::set<std::string> kOfTheDriver = {"driver", "origin", "latency", "init"};

DeviceScript default_device() {
  DeviceScript device;
  device.uuid = "GPU-51a10000-0000-0000-0000-000000000000";
  device.pci_bus_id = "00000000:01:00.0";
  device.name = "Simulated H100";
  return device;
}

}  // namespace

Script parse_script(const std::string& text, int64_t now_ns) {
  Script script;
  script.origin_ns = now_ns;
  DeviceScript none;
  std::istringstream lines(text);
  std::string line;
  while (std::getline(lines, line)) {
    std::istringstream in(line.substr(0, line.find('#')));
    std::string keyword;
    if (!(in >> keyword)) continue;
    if (keyword == "device") {
      DeviceScript device;
      in >> device.uuid >> device.pci_bus_id >> std::ws;
      std::getline(in, device.name);
      script.devices.push_back(device);
      continue;
    }
    const auto found = statements().find(keyword);
    if (script.devices.empty() && kOfTheDriver.count(keyword) == 0) script.devices.push_back(default_device());
    DeviceScript& device = script.devices.empty() ? none : script.devices.back();
    if (found == statements().end() || !found->second(script, device, in)) {
      script.error = "bad line in the fake's script: " + line;
      return script;
    }
  }
  return script;
}

}  // namespace fake
