#include "energy/msr.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace mj::energy {

namespace {

// Of two reasons why no CPU answered, the one that says more.
int more_telling(int a, int b) noexcept {
  for (const int error : {EIO, EPERM, EACCES}) {
    if (a == error || b == error) return error;
  }
  return a;
}

int open_device(const std::string& path) noexcept {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  return fd >= 0 ? fd : -errno;
}

}  // namespace

MsrPlace::MsrPlace(const Roots& roots, const std::vector<int>& cpus)
    : seats_(std::make_unique<Seat[]>(std::max<size_t>(1, cpus.size()))), count_(cpus.size()) {
  for (size_t i = 0; i < count_; ++i) {
    const std::string folder = roots.msr_root() + "/" + std::to_string(cpus[i]);
    seats_[i].device = folder + "/msr";
    seats_[i].safe_device = folder + "/msr_safe";
  }
}

MsrPlace::~MsrPlace() {
  for (size_t i = 0; i < count_; ++i) {
    if (seats_[i].fd >= 0) close(seats_[i].fd);
  }
}

int MsrPlace::descriptor(const Seat& seat) const noexcept {
  if (const int kept = seat.fd.load(); kept >= 0) return kept;
  int opened = open_device(seat.device);
  if (opened < 0) {
    const int safe = open_device(seat.safe_device);
    if (safe < 0) return opened == -ENOENT ? safe : opened;
    opened = safe;
  }
  struct stat about{};
  if (fstat(opened, &about) == 0 && S_ISREG(about.st_mode)) stride_ = sizeof(uint64_t);
  int nobody = -1;
  if (seat.fd.compare_exchange_strong(nobody, opened)) return opened;
  close(opened);
  return nobody;  // another thread was first: its descriptor
}

int MsrPlace::read(uint32_t address, uint64_t& out) const noexcept {
  const size_t first = current_.load(std::memory_order_relaxed);
  int reason = ENXIO;
  for (size_t i = 0; i < count_; ++i) {
    const size_t at = (first + i) % count_;
    const int fd = descriptor(seats_[at]);
    if (fd < 0) {
      reason = more_telling(-fd, reason);
      continue;
    }
    const ssize_t got = pread(fd, &out, sizeof(out), stride_ * static_cast<off_t>(address));
    if (got == sizeof(out)) {
      if (i > 0) current_.store(at, std::memory_order_relaxed);
      return 0;
    }
    if (got < 0 && errno == EIO) return EIO;  // no CPU of the package has it
    reason = more_telling(got < 0 ? errno : ENXIO, reason);
  }
  return reason;
}

}  // namespace mj::energy
