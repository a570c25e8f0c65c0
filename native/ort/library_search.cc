#include "ort/library_search.h"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>

#include "base/dynlib.h"
#include "base/elf.h"
#include "ort/library_packages.h"

namespace mj::ort {

namespace {

bool starts_with(const std::string& text, const std::string& prefix) { return text.rfind(prefix, 0) == 0; }
std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/')); }
std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

bool of_provider(const std::string& path) { return starts_with(base_name(path), "libonnxruntime"); }

// ONNX Runtime's own files find one another beside the library; the C library's are loaded with Node.
bool always_there(const std::string& name) {
  static constexpr std::array<const char*, 9> kPrefixes{"libonnxruntime", "libc.so",   "libm.so",
                                                        "libdl.so",       "librt.so",  "libpthread.so",
                                                        "libgcc_s",       "libstdc++", "ld-linux"};
  return std::any_of(kPrefixes.begin(), kPrefixes.end(),
                     [&name](const char* prefix) { return starts_with(name, prefix); });
}

// Names in a folder that begin so, sorted; none where it cannot be read.
std::vector<std::string> names_in(const std::string& folder, const std::string& prefix) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(opendir(folder.c_str()), &closedir);
  if (!directory) return names;
  while (const dirent* entry = readdir(directory.get())) {
    if (starts_with(entry->d_name, prefix)) names.emplace_back(entry->d_name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

// Files of this name in a folder. Wheels hold no links, so that one of them may bear more of its version.
std::vector<std::string> files_of(const std::string& folder, const std::string& name) {
  std::vector<std::string> files = names_in(folder, name + ".");
  std::reverse(files.begin(), files.end());
  if (access((folder + "/" + name).c_str(), F_OK) == 0) files.insert(files.begin(), name);
  return files;
}

// Libraries that come in parts, which they open by name when they run.
struct Parts {
  const char* stem;
  const char* prefix;
};
constexpr std::array<Parts, 2> kInParts{{{"libcudnn", "libcudnn_"}, {"libnvinfer", "libnvinfer_builder_resource"}}};

}  // namespace

Status LibraryFinder::add_needed_by(const std::string& file) {
  ElfDynamic elf;
  if (Status status = read_elf(file, elf); !status.ok()) {
    return {Code::kProviderUnavailable, status.message, "Reinstall what " + base_name(file) + " belongs to."};
  }
  for (const std::string& name : elf.needed) {
    if (Status status = add(name, file, true); !status.ok()) return status;
  }
  return {};
}

Status LibraryFinder::add(const std::string& name, const std::string& asker, bool required) {
  if (always_there(name) || !seen_.insert(name).second) return {};
  // What is loaded under this name is what everybody who asks for it gets, wherever it came from.
  if (const std::string path = DynLib::loaded_path(name); !path.empty()) {
    libraries_.push_back({name, path, true, {}});
    return {};
  }
  const std::string path = of_driver(name) ? std::string() : locate(name, of_provider(asker) ? "" : folder_of(asker));
  if (!path.empty()) return add_file(name, path);
  if (!required) return {};
  if (packaged(name)) return absent(name, asker);
  libraries_.push_back({name, {}, false, {}});
  return {};
}

Status LibraryFinder::add_file(const std::string& name, const std::string& path) {
  if (Status status = add_needed_by(path); !status.ok()) return status;
  FoundLibrary library{name, path, false, {}};
  if (Status status = find_parts(library); !status.ok()) return status;
  libraries_.push_back(library);
  return {};
}

// Parts are never opened by us: cuDNN's alone take 0.3 s and 100 MB, and a model uses a few of them.
Status LibraryFinder::find_parts(FoundLibrary& library) {
  const auto* parts = std::find_if(kInParts.begin(), kInParts.end(),
                                   [&library](const Parts& one) { return library_stem(library.name) == one.stem; });
  if (parts == kInParts.end()) return {};
  std::vector<std::string> folders = search_.folders;
  folders.insert(folders.begin(), folder_of(library.path));
  const int major = library_major(library.name);
  const auto holds = [parts, major](const std::string& folder) {
    const std::vector<std::string> names = names_in(folder, parts->prefix);
    return std::any_of(names.begin(), names.end(),
                       [major](const std::string& name) { return library_major(name) == major; });
  };
  const auto found = std::find_if(folders.begin(), folders.end(), holds);
  rejected_.clear();
  if (found == folders.end()) {
    return absent(parts->prefix + std::string("*.so.") + std::to_string(major), library.path);
  }
  ElfDynamic elf;
  if (Status status = read_elf(library.path, elf); !status.ok()) return status;
  const bool beside = found == folders.begin() && elf.search_path.find("$ORIGIN") != std::string::npos;
  if (!beside) library.parts = *found;
  return {};
}

// Beside the library that asks for it first: so both are of one release.
std::string LibraryFinder::locate(const std::string& name, const std::string& beside) {
  rejected_.clear();
  std::vector<std::string> folders = search_.folders;
  if (!beside.empty()) folders.insert(folders.begin(), beside);
  for (const std::string& folder : folders) {
    for (const std::string& file : files_of(folder, name)) {
      const std::string path = folder + "/" + file;
      ElfDynamic elf;
      const Status status = read_elf(path, elf);
      // The loader goes by the name inside: a file that was renamed would be loaded and still not be found.
      if (status.ok() && (elf.soname == name || (elf.soname.empty() && file == name))) return path;
      if (!rejected_.empty() || file != name) continue;
      rejected_ = status.ok() ? path + " is " + elf.soname + " by the name inside it." : status.message;
    }
  }
  return {};
}

Status LibraryFinder::absent(const std::string& name, const std::string& asker) {
  missing_ = name;
  std::string message = "The execution provider '" + search_.provider + "' needs " + name +
                        ", which is in none of the " + std::to_string(search_.folders.size()) + " folders looked in";
  if (!of_provider(asker)) message += " (" + asker + " asks for it)";
  message += '.';
  if (!rejected_.empty()) message += " " + rejected_;
  const std::string other = library_stem(name) + ".so.";
  for (const std::string& folder : search_.folders) {
    for (const std::string& found : names_in(folder, other)) {
      if (library_major(found) == 0 || library_major(found) == library_major(name)) continue;
      message += " Found " + found + " in " + folder + ": of another major version.";
      return {Code::kProviderUnavailable, message, library_remedy(name, search_.cuda)};
    }
  }
  return {Code::kProviderUnavailable, message, library_remedy(name, search_.cuda)};
}

}  // namespace mj::ort
