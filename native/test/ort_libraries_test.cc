// Where a provider's libraries are found, and what is said of those that are not. Nothing is loaded but in the last
// test.
#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/dynlib.h"
#include "base/elf.h"
#include "base/elf_stub.h"
#include "ort/library_packages.h"
#include "ort/provider_libraries.h"
#include "test/check.h"

namespace {

using namespace mj;
using namespace mj::ort;
namespace fs = std::filesystem;

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

const std::string kFakes = MJ_FAKES "/gpu/";

// Folders of fakes, copied to where a test wants them.
class Tree {
 public:
  Tree() {
    std::string pattern = "/tmp/mj-libraries-XXXXXX";
    root_ = mkdtemp(pattern.data());
  }
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;
  ~Tree() { fs::remove_all(root_); }

  std::string copy(const std::string& from, const std::string& folder) const {
    const fs::path target = fs::path(root_) / folder;
    fs::create_directories(target);
    fs::copy(kFakes + from, target, fs::copy_options::recursive | fs::copy_options::overwrite_existing);
    return target;
  }
  std::string folder(const std::string& name) const { return (fs::path(root_) / name).string(); }
  // A provider folder with all three files.
  std::string runtime() const {
    const std::string folder = copy("providers", "runtime");
    std::ofstream(folder + "/libonnxruntime_providers_shared.so") << "not looked into";
    fs::copy(kFakes + "cuda/libcublasLt.so.13", folder + "/libonnxruntime_providers_shared.so",
             fs::copy_options::overwrite_existing);
    return folder;
  }

 private:
  std::string root_;
};

std::string names(const ProviderLibraries& found) {
  std::string text;
  for (const FoundLibrary& library : found.libraries) text += library.name + " ";
  return text;
}

std::string path_of(const ProviderLibraries& found, const std::string& name) {
  for (const FoundLibrary& library : found.libraries) {
    if (library.name == name) return library.path;
  }
  return {};
}

TEST("elf: names, needs and search path of a file, and damage") {
  ElfDynamic elf;
  CHECK(read_elf(kFakes + "cuda/libcublas.so.13", elf).ok());
  CHECK_EQ(elf.soname, std::string("libcublas.so.13"));
  CHECK(elf.search_path.empty());
  bool needs = false;
  for (const std::string& name : elf.needed) needs = needs || name == "libcublasLt.so.13";
  CHECK(needs);
  CHECK(read_elf(kFakes + "cudnn/libcudnn.so.9", elf).ok());
  CHECK_EQ(elf.search_path, std::string("$ORIGIN"));
  CHECK(!read_elf("/nowhere.so", elf).ok());
  const Tree tree;
  const std::string path = tree.copy("cuda", "damaged") + "/libcublas.so.13";
  for (const size_t size : {0U, 4U, 64U, 200U, 600U}) {
    fs::resize_file(path, size);
    CHECK(!read_elf(path, elf).ok());
  }
}

TEST("elf: a library of another machine is refused") {
  const Tree tree;
  const std::string path = tree.copy("cuda", "other") + "/libcublas.so.13";
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(offsetof(Elf64_Ehdr, e_machine));
  const uint16_t machine = EM_PPC64;
  file.write(reinterpret_cast<const char*>(&machine), sizeof(machine));
  file.close();
  ElfDynamic elf;
  CHECK(!read_elf(path, elf).ok());
}

TEST("libraries: a provider that needs none, and provider files that are not there") {
  ProviderLibraries found;
  CHECK(find_provider_libraries("cpu", "/nowhere", {}, found).ok());
  const Status absent = find_provider_libraries("cuda", "/nowhere", {}, found);
  CHECK(absent.code == Code::kProviderUnavailable);
  CHECK_EQ(found.missing, std::string("libonnxruntime_providers_shared.so"));
  const Tree tree;
  const std::string runtime = tree.runtime();
  fs::remove(runtime + "/libonnxruntime_providers_tensorrt.so");
  CHECK(!find_provider_libraries("tensorrt", runtime, {}, found).ok());
  CHECK_EQ(found.missing, std::string("libonnxruntime_providers_tensorrt.so"));
}

TEST("libraries: found in whatever folder, what one needs before it, cuDNN though nobody asks the loader for it") {
  const Tree tree;
  const std::string runtime = tree.runtime();
  const std::vector<std::string> folders{tree.folder("nowhere"), tree.copy("tensorrt", "d"), tree.copy("cudnn", "b"),
                                         tree.copy("cuda", "c")};
  ProviderLibraries found;
  CHECK(find_provider_libraries("tensorrt", runtime, folders, found).ok());
  CHECK_EQ(found.cuda, 13);
  CHECK_EQ(names(found), std::string("libcublasLt.so.13 libcublas.so.13 libnvinfer.so.10 libcudnn.so.9 "));
  CHECK_EQ(path_of(found, "libcublasLt.so.13"), tree.folder("c/libcublasLt.so.13"));
  CHECK_EQ(path_of(found, "libcudnn.so.9"), tree.folder("b/libcudnn.so.9"));
  // cuDNN looks beside itself, TensorRT does not.
  for (const FoundLibrary& library : found.libraries) {
    CHECK_EQ(library.parts, library.name == "libnvinfer.so.10" ? tree.folder("d") : std::string());
  }
}

TEST("libraries: the first folder wins, and what a library needs comes from beside it") {
  const Tree tree;
  const std::string runtime = tree.runtime();
  const std::vector<std::string> folders{tree.copy("cuda", "first"), tree.copy("cuda", "second"),
                                         tree.copy("cudnn", "cudnn")};
  fs::remove(tree.folder("first/libcublas.so.13"));
  ProviderLibraries found;
  CHECK(find_provider_libraries("cuda", runtime, folders, found).ok());
  CHECK_EQ(path_of(found, "libcublas.so.13"), tree.folder("second/libcublas.so.13"));
  CHECK_EQ(path_of(found, "libcublasLt.so.13"), tree.folder("second/libcublasLt.so.13"));
}

TEST("libraries: optional ones are taken where they are") {
  const Tree tree;
  const std::string runtime = tree.runtime();
  const std::string cuda = tree.copy("cuda", "cuda");
  ProviderLibraries found;
  CHECK(find_provider_libraries("cuda", runtime, {cuda, tree.copy("cudnn", "cudnn")}, found).ok());
  CHECK(path_of(found, "libcufft.so.12").empty());
  // Not one that is another library by the name inside it.
  fs::copy(cuda + "/libcublasLt.so.13", cuda + "/libcufft.so.12");
  CHECK(find_provider_libraries("cuda", runtime, {cuda, tree.folder("cudnn")}, found).ok());
  CHECK(path_of(found, "libcufft.so.12").empty());
}

TEST("libraries: the missing one is named, with who asks for it and the packages that ship it") {
  const Tree tree;
  const std::string runtime = tree.runtime();
  const std::string cuda = tree.copy("cuda", "cuda");
  ProviderLibraries found;
  const Status cudnn = find_provider_libraries("cuda", runtime, {cuda}, found);
  CHECK(cudnn.code == Code::kProviderUnavailable);
  CHECK_EQ(found.missing, std::string("libcudnn.so.9"));
  CHECK(contains(cudnn.message, "'cuda' needs libcudnn.so.9"));
  CHECK(contains(cudnn.remedy, "'nvidia-cudnn-cu13==9.*'"));
  CHECK(contains(cudnn.remedy, "libcudnn9-cuda-13"));
  fs::remove(cuda + "/libcublasLt.so.13");
  const Status needed = find_provider_libraries("cuda", runtime, {cuda, tree.copy("cudnn", "cudnn")}, found);
  CHECK_EQ(found.missing, std::string("libcublasLt.so.13"));
  CHECK(contains(needed.remedy, "'nvidia-cublas==13.*'"));
}

TEST("libraries: another major version is told") {
  const Tree tree;
  const std::string runtime = tree.runtime();
  const std::string cuda = tree.copy("cuda", "cuda");
  fs::rename(cuda + "/libcublas.so.13", cuda + "/libcublas.so.12");
  ProviderLibraries found;
  const Status status = find_provider_libraries("cuda", runtime, {cuda, tree.copy("cudnn", "cudnn")}, found);
  CHECK_EQ(found.missing, std::string("libcublas.so.13"));
  CHECK(contains(status.message, "Found libcublas.so.12 in " + cuda + ": of another major version."));
}

TEST("libraries: a file of the right name that is none, or another one, is passed over and told") {
  const Tree tree;
  const std::string runtime = tree.runtime();
  const std::string cuda = tree.copy("cuda", "cuda");
  const std::string cudnn = tree.copy("cudnn", "cudnn");
  fs::copy(cuda + "/libcublasLt.so.13", cuda + "/libcublas.so.13", fs::copy_options::overwrite_existing);
  ProviderLibraries found;
  const Status renamed = find_provider_libraries("cuda", runtime, {cuda, cudnn}, found);
  CHECK(contains(renamed.message, "libcublas.so.13 is libcublasLt.so.13 by the name inside it."));
  std::ofstream(cuda + "/libcublas.so.13") << "version https://git-lfs";
  const Status text = find_provider_libraries("cuda", runtime, {cuda, cudnn}, found);
  CHECK(contains(text.message, "libcublas.so.13 is not a shared library of this machine"));
  CHECK(find_provider_libraries("cuda", runtime, {cuda, cudnn, tree.copy("cuda", "good")}, found).ok());
  CHECK_EQ(path_of(found, "libcublas.so.13"), tree.folder("good/libcublas.so.13"));
}

TEST("libraries: a file with more of the version in its name will do, by the name inside it") {
  const Tree tree;
  const std::string runtime = tree.runtime();
  const std::string cuda = tree.copy("cuda", "cuda");
  const std::string cudnn = tree.copy("cudnn", "cudnn");
  fs::rename(cuda + "/libcublas.so.13", cuda + "/libcublas.so.13.4.36");
  fs::copy(cuda + "/libcublasLt.so.13", cuda + "/libcublas.so.13.9.9");
  ProviderLibraries found;
  CHECK(find_provider_libraries("cuda", runtime, {cuda, cudnn}, found).ok());
  CHECK_EQ(path_of(found, "libcublas.so.13"), cuda + "/libcublas.so.13.4.36");
}

TEST("libraries: a plugin's own lies in any folder, and what it needs beside it") {
  const Tree tree;
  const std::string wheel = tree.copy("plugin-0", "wheel");
  ProviderLibraries found;
  const Status absent = find_provider_libraries("nv-tensorrt-rtx", "/nowhere", {"/nowhere/else"}, found);
  CHECK(absent.code == Code::kProviderUnavailable);
  CHECK_EQ(found.missing, std::string("libonnxruntime_providers_nv_tensorrt_rtx.so"));
  CHECK(contains(absent.message, "in none of the 2 folders"));
  CHECK(contains(absent.remedy, "onnxruntime-ep-nv-tensorrt-rtx-cu12"));
  const Status lacking = find_provider_libraries("nv-tensorrt-rtx", "/nowhere", {wheel}, found);
  CHECK_EQ(found.missing, std::string("libtensorrt_rtx.so.1"));
  CHECK(contains(lacking.message, "needs libtensorrt_rtx.so.1"));
  tree.copy("tensorrt-rtx", "wheel");
  const std::string other = tree.copy("tensorrt-rtx", "other");
  CHECK(find_provider_libraries("nv-tensorrt-rtx", "/nowhere", {other, wheel}, found).ok());
  CHECK_EQ(found.plugin, wheel + "/libonnxruntime_providers_nv_tensorrt_rtx.so");
  CHECK_EQ(path_of(found, "libtensorrt_rtx.so.1"), wheel + "/libtensorrt_rtx.so.1.7.1");
}

TEST("libraries: the parts of cuDNN and TensorRT are asked for too") {
  const Tree tree;
  const std::string runtime = tree.runtime();
  const std::vector<std::string> folders{tree.copy("cuda", "cuda"), tree.copy("cudnn", "cudnn"),
                                         tree.copy("tensorrt", "tensorrt"), tree.folder("parts")};
  fs::remove(tree.folder("tensorrt/libnvinfer_builder_resource.so.10.6.0"));
  ProviderLibraries found;
  const Status status = find_provider_libraries("tensorrt", runtime, folders, found);
  CHECK_EQ(found.missing, std::string("libnvinfer_builder_resource*.so.10"));
  CHECK(contains(status.remedy, "'tensorrt-cu13==10.*'"));
  // In another folder they will do.
  tree.copy("tensorrt", "parts");
  fs::remove(tree.folder("parts/libnvinfer.so.10"));
  CHECK(find_provider_libraries("tensorrt", runtime, folders, found).ok());
  for (const FoundLibrary& library : found.libraries) {
    if (library.name == "libnvinfer.so.10") CHECK_EQ(library.parts, tree.folder("parts"));
  }
}

TEST("packages: by the major version of CUDA, wheels named as NVIDIA names them") {
  CHECK(contains(library_remedy("libcublas.so.12", 12), "'nvidia-cublas-cu12==12.*'"));
  CHECK(contains(library_remedy("libcufft.so.12", 13), "'nvidia-cufft==12.*'"));
  CHECK(contains(library_remedy("libcudart.so.13", 13), "cuda-cudart-13-*"));
  CHECK(contains(library_remedy("libnvonnxparser.so.10", 12), "'tensorrt-cu12==10.*', or install libnvonnxparsers10"));
  CHECK(contains(library_remedy("libcuda.so.1", 13), "NVIDIA driver"));
  CHECK(contains(library_remedy("libz.so.1", 13), "the package that has libz.so.1"));
}

TEST("loader: a library opened with its folders finds its parts by name, one opened by path does not") {
  const Tree tree;
  const std::string folder = tree.copy("tensorrt", "tensorrt");
  const auto has_part = [](void* library) { return reinterpret_cast<int (*)()>(dlsym(library, "mj_has_part"))() == 1; };
  void* plain = dlopen((folder + "/libnvinfer.so.10").c_str(), RTLD_NOW | RTLD_LOCAL);
  CHECK(plain != nullptr);
  CHECK(!has_part(plain));
  dlclose(plain);
  CHECK(DynLib::loaded_path("libnvinfer.so.10").empty());
  CHECK(open_with_folders("libnvinfer.so.10", {folder}).ok());
  CHECK_EQ(DynLib::loaded_path("libnvinfer.so.10"), folder + "/libnvinfer.so.10");
  ProviderLibraries found;
  CHECK_EQ(tensorrt_version(found), std::string());
  found.libraries.emplace_back();
  found.libraries.back().name = "libnvinfer.so.10";
  CHECK_EQ(tensorrt_version(found), std::string("10.6.0"));
  void* opened = dlopen("libnvinfer.so.10", RTLD_NOW | RTLD_NOLOAD);
  CHECK(opened != nullptr);
  // A sanitizer puts a dlopen of its own before the loader's, which then takes that one's search path for the caller's.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  CHECK(has_part(opened));
#endif
  CHECK(!open_with_folders("libabsent.so.1", {folder}).ok());
}

}  // namespace
