#pragma once

// Finds the libraries that a file needs, without loading any of them.
#include <set>
#include <string>
#include <vector>

#include "base/status.h"

namespace mj::ort {

struct FoundLibrary {
  std::string name;  // as it is asked for
  std::string path;  // empty: the loader is left to find it
  bool loaded = false;
  std::string parts;  // folder of the parts that it opens by name and does not look for beside itself; empty: none
};

struct LibrarySearch {
  std::string provider;              // whose libraries they are, for messages
  std::vector<std::string> folders;  // in the order in which they are looked in
  int cuda = 0;                      // major of CUDA that the provider was built for; 0: not known
};

// Collects libraries in the order in which they are to be opened: what one needs stands before it.
class LibraryFinder {
 public:
  explicit LibraryFinder(const LibrarySearch& search) : search_(search) {}

  // What this file asks the loader for.
  Status add_needed_by(const std::string& file);
  // A library that `asker` opens by name when it runs. One that is not `required` may be absent.
  Status add(const std::string& name, const std::string& asker, bool required);

  [[nodiscard]] const std::vector<FoundLibrary>& libraries() const noexcept { return libraries_; }
  [[nodiscard]] const std::string& missing() const noexcept { return missing_; }  // its name; empty: none

 private:
  Status add_file(const std::string& name, const std::string& path);
  Status find_parts(FoundLibrary& library);
  std::string locate(const std::string& name, const std::string& beside);
  Status absent(const std::string& name, const std::string& asker);

  const LibrarySearch& search_;
  std::vector<FoundLibrary> libraries_;
  std::set<std::string> seen_;
  std::string missing_;
  std::string rejected_;  // why a file of the right name was passed over, of the library looked for last
};

}  // namespace mj::ort
