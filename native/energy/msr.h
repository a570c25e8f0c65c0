#pragma once

// Model-specific registers through the character devices of the kernel module msr, or of msr-safe.
#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "energy/sources.h"

namespace mj::energy {

// A package, a die or a core: registers that any of its CPUs can read. May be used by any thread at any time.
class MsrPlace {
 public:
  MsrPlace(const Roots& roots, const std::vector<int>& cpus);
  MsrPlace(const MsrPlace&) = delete;
  MsrPlace& operator=(const MsrPlace&) = delete;
  ~MsrPlace();

  // On the CPU that answered last; where that one has gone offline, on the next one that opens. 0, or the errno of the
  // CPU that came closest: EIO, there is no such register; EPERM or EACCES, it may not be read; ENXIO, all are offline.
  int read(uint32_t address, uint64_t& out) const noexcept;

  // The device of the first CPU, for messages.
  [[nodiscard]] const std::string& path() const noexcept { return seats_[0].device; }

 private:
  struct Seat {
    std::string device;       // <root>/<cpu>/msr
    std::string safe_device;  // <root>/<cpu>/msr_safe
    mutable std::atomic<int> fd{-1};
  };
  // Negative: the errno.
  int descriptor(const Seat& seat) const noexcept;

  const std::unique_ptr<Seat[]> seats_;  // opened when they are first needed, and kept
  const size_t count_;
  mutable std::atomic<size_t> current_{0};
  // Bytes between registers: a device gives 8 at each address. A file in its place has to lay them side by side.
  mutable std::atomic<off_t> stride_{1};
};

}  // namespace mj::energy
