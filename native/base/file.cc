#include "base/file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace mj {

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

FileDescriptor::~FileDescriptor() {
  if (fd_ >= 0) close(fd_);
}

FileDescriptor open_file(const std::string& path) noexcept {
  // A pipe or a terminal under such a name must not hold us up.
  return FileDescriptor(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
}

int read_file(const std::string& path, std::string& out) {
  out.clear();
  const FileDescriptor file = open_file(path);
  if (!file.valid()) return errno;
  std::array<char, 4096> buffer;
  for (;;) {
    const ssize_t got = read(file.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno;
    if (got == 0) break;
    out.append(buffer.data(), static_cast<size_t>(got));
  }
  out.erase(out.find_last_not_of(" \t\r\n") + 1);
  return 0;
}

std::optional<std::string> file_text(const std::string& path) {
  std::string text;
  if (read_file(path, text) != 0) return {};
  return text;
}

}  // namespace mj
