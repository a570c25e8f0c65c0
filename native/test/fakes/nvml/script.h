#pragma once

// The text that tells the fake what hardware to play. One statement a line, '#' begins a comment, times in ms after
// `origin` unless said otherwise. Statements after a `device` line belong to that device, those before the first one to
// a device of their own.
//
//   driver VERSION                      init ok | fail CODE | hang
//   origin NS                           CLOCK_MONOTONIC; default: when the library was loaded
//   latency TYPICAL_US TAIL_US EVERY    of the energy call: each EVERY-th takes TAIL_US (default 2700 15000 50)
//   device UUID PCI_BUS_ID NAME...
//   base WATTS                          default 120
//   pulse START LENGTH WATTS            above the base
//   square START PERIOD ON WATTS COUNT  COUNT pulses of length ON, one each PERIOD
//   follow-cpu IDLE_WATTS WATTS_PER_CORE
//   counter PERIOD PHASE OFFSET_J       default 100.002 0 1000
//   sensor MS                           time constant of a sensor in front of the counter, default 0: none
//   power PERIOD AVERAGING              of the power of the moment (186, and usage where it is that), default 100.002
//   25 capability NUMBER                   10 x compute capability, default 90; from 81 on usage is a mean over 1 s
//   limit WATTS                         power limit, default 700
//   persistence on|off                  default on
//   clocks GRAPHICS_MHZ MEMORY_MHZ      application clocks, default 1980 2619
//   auto-boost on|off                   default: not supported, as on an H100
//   mig on                              foreign PID SM_PERCENT [UNTIL]: somebody else's process; may be repeated
//   unsupported CALL                    CALL as NVML names it, or field:186, field:191:1 (with scope)
//   refuse CALL FROM UNTIL              fails in between, with an unknown error
//   hang CALL AT                        the first call after AT never returns
//   lost AT                             reset AT        stuck AT UNTIL       backwards AT JOULES
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace fake {

struct Pulse {
  double start_ms;
  double end_ms;
  double watts;
};

constexpr double kNever = 1e18;

struct DeviceScript {
  std::string uuid;
  std::string pci_bus_id;
  std::string name;
  double base_w = 120;
  std::vector<Pulse> pulses;
  bool follow_cpu = false;
  double watts_per_core = 0;
  double period_ms = 100.002;
  double phase_ms = 0;
  double offset_j = 1000;
  double sensor_ms = 0;
  double power_period_ms = 100.002;
  double power_averaging_ms = 25;
  int capability = 90;
  double limit_w = 700;
  bool persistence = true;
  unsigned int graphics_mhz = 1980;
  unsigned int memory_mhz = 2619;
  std::optional<bool> auto_boost;
  bool mig = false;
  struct Foreign {
    unsigned int pid = 0;
    unsigned int percent = 0;
    double until_ms = kNever;
  };
  std::vector<Foreign> foreign;
  std::set<std::string> unsupported;
  std::map<std::string, double> hangs;  // call -> ms
  std::map<std::string, std::pair<double, double>> refused;
  double lost_ms = kNever;
  double reset_ms = kNever;
  double stuck_ms = kNever;
  double stuck_until_ms = kNever;
  double backwards_ms = kNever;
  double backwards_j = 0;
};

struct Script {
  std::string driver = "580.159.04";
  int init_code = 0;
  bool init_hangs = false;
  int64_t origin_ns = 0;
  double latency_us = 2700;
  double tail_us = 15000;
  uint64_t tail_every = 50;
  std::vector<DeviceScript> devices;
  std::string error;  // of the script itself
};

Script parse_script(const std::string& text, int64_t now_ns);

}  // namespace fake
