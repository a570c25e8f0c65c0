#pragma once

#include <optional>
#include <string>
#include <utility>

namespace mj {

// Owns a file descriptor.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor();

  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] bool valid() const noexcept { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

// Read-only, closed on exec. On failure errno says why.
FileDescriptor open_file(const std::string& path) noexcept;

// The whole of a small file of /sys or /proc, without trailing white space. 0, or the errno of what failed.
int read_file(const std::string& path, std::string& out);
// The same where it does not matter why not.
std::optional<std::string> file_text(const std::string& path);

}  // namespace mj
