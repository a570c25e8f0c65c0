#include "ort/library.h"

#include <climits>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <mutex>
#include <set>

#include "base/dynlib.h"
#include "ort/error.h"

namespace mj::ort {

namespace {

// Both leaked on purpose: exit runs destructors while executor threads may still be in a run.
std::mutex& open_mutex() {
  static auto* mutex = new std::mutex();
  return *mutex;
}
const Library* g_library = nullptr;

std::string real_path(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> resolved(realpath(path.c_str(), nullptr), &std::free);
  return resolved ? resolved.get() : std::string();
}

std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// Two releases in one process share symbols by soname: whichever is loaded second breaks.
Status refuse_other(const std::string& path) {
  std::vector<std::string> loaded = loaded_runtimes();
  const DynLib by_soname = DynLib::loaded("libonnxruntime.so.1");
  if (void* base = by_soname.symbol("OrtGetApiBase")) loaded.push_back(library_of(base));
  for (const std::string& other : loaded) {
    const std::string real = real_path(other);
    if (real == path) continue;
    return {Code::kOrtVersion,
            "Another ONNX Runtime is loaded in this process: " + (real.empty() ? other : real) + "; " + path +
                " cannot be opened beside it.",
            "Let the application have one onnxruntime-node (npm ls onnxruntime-node, npm dedupe), or give its folder "
            "as the option onnxruntime."};
  }
  return {};
}

Status list_providers(const abi::Api& table, std::vector<std::string>& out) {
  char** names = nullptr;
  int count = 0;
  MJ_ORT_RETURN(table.GetAvailableProviders(&names, &count));
  out.assign(names, names + count);
  return take(table.ReleaseAvailableProviders(names, count));
}

Status fill(Library& lib) {
  MJ_ORT_RETURN(lib.api.CreateEnv(abi::kLogWarning, "onnxruntime-node", &lib.env));
  MJ_ORT_RETURN(lib.api.GetAllocatorWithDefaultOptions(&lib.allocator));
  MJ_ORT_RETURN(lib.api.CreateCpuMemoryInfo(abi::kDeviceAllocator, abi::kMemTypeDefault, &lib.cpu_memory));
  return list_providers(lib.api, lib.providers);
}

// The minor number of '1.minor.patch' is the API's version; 0: another release.
unsigned long api_version(const std::string& version) {
  constexpr char kMajor[] = "1.";
  return version.rfind(kMajor, 0) == 0 ? std::strtoul(version.c_str() + 2, nullptr, 10) : 0;
}

// The table of a later version of the API; null where the release is older.
const void* const* later_table(const abi::ApiBase& base, const Library& lib, uint32_t version) {
  return api_version(lib.version) < version ? nullptr : static_cast<const void* const*>(base.GetApi(version));
}

void load_later(const abi::ApiBase& base, Library& lib) {
#define X(slot, name, ...) lib.api.name = reinterpret_cast<decltype(lib.api.name)>(const_cast<void*>(table[slot]));
  if (const void* const* table = later_table(base, lib, abi::kPluginApiVersion)) {
    MJ_ORT_PLUGIN_SLOTS(X)
  }
  if (const void* const* table = later_table(base, lib, abi::kPlacementApiVersion)) {
    MJ_ORT_PLACEMENT_SLOTS(X)
  }
#undef X
}

Status load(const std::string& path, Library& lib) {
  DynLib handle;
  if (const Status status = DynLib::open({path}, handle); !status.ok()) {
    return {Code::kLibraryNotFound, path + " could not be opened: " + status.message + ".",
            "Reinstall onnxruntime-node: npm i onnxruntime-node"};
  }
  using GetApiBase = const abi::ApiBase*();
  GetApiBase* get_base = nullptr;
  if (!handle.load(get_base, "OrtGetApiBase")) {
    return {Code::kLibraryNotFound, path + " is not an ONNX Runtime library: it has no OrtGetApiBase.",
            "Give the folder of onnxruntime-node, or its libonnxruntime.so.1, as the option onnxruntime."};
  }
  const abi::ApiBase* base = get_base();
  lib.path = path;
  lib.folder = folder_of(path);
  lib.version = base->GetVersionString();
  if (Status status = check_version(lib.version); !status.ok()) return status;
  const void* const* table = static_cast<const void* const*>(base->GetApi(abi::kApiVersion));
  if (table == nullptr) {
    return {Code::kOrtVersion,
            "ONNX Runtime " + lib.version + " does not offer API " + std::to_string(abi::kApiVersion) + ".",
            "npm i onnxruntime-node@latest"};
  }
#define X(slot, name, ...) lib.api.name = reinterpret_cast<decltype(lib.api.name)>(const_cast<void*>(table[slot]));
  MJ_ORT_SLOTS(X)
#undef X
  load_later(*base, lib);
  return {};
}

}  // namespace

const Library& library() noexcept { return *g_library; }

Status check_version(const std::string& version) {
  if (api_version(version) >= abi::kApiVersion) return {};
  return {Code::kOrtVersion,
          "ONNX Runtime " + version + " cannot be used: 1." + std::to_string(abi::kApiVersion) +
              " or a later release of 1 is needed.",
          "npm i onnxruntime-node@latest"};
}

std::vector<std::string> loaded_runtimes(const std::string& maps) {
  std::set<std::string> found;
  std::ifstream lines(maps);
  for (std::string line; std::getline(lines, line);) {
    const size_t slash = line.find('/');
    if (slash == std::string::npos) continue;
    const std::string path = line.substr(slash);
    if (base_name(path).rfind("libonnxruntime.so", 0) == 0) found.insert(path);
  }
  return {found.begin(), found.end()};
}

Status open_library(const std::string& path, const Library*& out) {
  const std::lock_guard<std::mutex> lock(open_mutex());
  const std::string real = real_path(path);
  if (real.empty()) {
    return {Code::kLibraryNotFound, "There is no file " + path + ".", "npm i onnxruntime-node"};
  }
  if (g_library == nullptr || g_library->path != real) {
    if (Status status = refuse_other(real); !status.ok()) return status;
    auto lib = std::make_unique<Library>();
    if (Status status = load(real, *lib); !status.ok()) return status;
    // Failures are translated through the global table, so it stands before the first call.
    g_library = lib.get();
    if (Status status = fill(*lib); !status.ok()) {
      g_library = nullptr;
      return status;
    }
    g_library = lib.release();  // for the life of the process
  }
  out = g_library;
  return {};
}

}  // namespace mj::ort
