// The system calls that meter.sample() is held against, in a bare loop:
//   reads perf CALLS ROUNDS EVENTS         one read of a group of so many cpu-clock events of CPU 0
//   reads msr CALLS ROUNDS FILE ADDRESS …  one pread of 8 bytes a register
// Prints ns per call, the median of so many rounds of so many calls.
#include <fcntl.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "base/clock.h"

namespace {

int open_event(int leader) {
  perf_event_attr attributes{};
  attributes.type = PERF_TYPE_SOFTWARE;
  attributes.size = sizeof(attributes);
  attributes.config = PERF_COUNT_SW_CPU_CLOCK;
  attributes.read_format = PERF_FORMAT_GROUP;
  return static_cast<int>(syscall(SYS_perf_event_open, &attributes, -1, 0, leader, PERF_FLAG_FD_CLOEXEC));
}

struct Effort {
  long calls;
  size_t rounds;
};

template <typename Call>
int time_calls(const Effort& effort, Call call) {
  std::vector<double> times;
  bool whole = true;
  for (size_t round = 0; round < effort.rounds; ++round) {
    const int64_t begin = mj::monotonic_ns();
    for (long i = 0; i < effort.calls; ++i) whole &= call();
    times.push_back(static_cast<double>(mj::monotonic_ns() - begin) / static_cast<double>(effort.calls));
  }
  const auto middle = times.begin() + static_cast<ptrdiff_t>(times.size() / 2);
  std::nth_element(times.begin(), middle, times.end());
  std::printf("%f\n", *middle);
  return whole ? 0 : 3;
}

int perf(const Effort& effort, int events) {
  const int leader = open_event(-1);
  for (int i = 1; i < events; ++i) {
    if (open_event(leader) < 0) return 4;
  }
  std::vector<uint64_t> values(1 + static_cast<size_t>(events));
  const auto size = static_cast<ssize_t>(values.size() * sizeof(uint64_t));
  return time_calls(effort, [&] { return read(leader, values.data(), values.size() * sizeof(uint64_t)) == size; });
}

int msr(const Effort& effort, const char* file, const std::vector<off_t>& registers) {
  const int device = open(file, O_RDONLY | O_CLOEXEC);
  return time_calls(effort, [&] {
    uint64_t value = 0;
    bool whole = true;
    for (const off_t address : registers) whole &= pread(device, &value, sizeof(value), 8 * address) == sizeof(value);
    return whole;
  });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) return 2;
  const Effort effort{std::atol(argv[2]), static_cast<size_t>(std::atol(argv[3]))};
  if (std::strcmp(argv[1], "perf") == 0) return perf(effort, std::atoi(argv[4]));
  std::vector<off_t> registers;
  for (int i = 5; i < argc; ++i) registers.push_back(std::strtol(argv[i], nullptr, 0));
  return msr(effort, argv[4], registers);
}
