#include "base/elf_stub.h"

#include <dlfcn.h>
#include <elf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstring>

#include "base/elf.h"

namespace mj {

namespace {

constexpr size_t kHeaders = 3;
constexpr size_t kEntries = 8;

// One writable segment holds it all; addresses are offsets.
struct Layout {
  Elf64_Ehdr header;
  std::array<Elf64_Phdr, kHeaders> segments;
  std::array<Elf64_Dyn, kEntries> dynamic;
  Elf64_Sym null_symbol;
  std::array<Elf64_Word, 4> hash;  // one bucket, one chain, both empty
};

Elf64_Dyn entry(Elf64_Sxword tag, Elf64_Xword value) {
  Elf64_Dyn made{};
  made.d_tag = tag;
  made.d_un.d_val = value;
  return made;
}

std::string make_stub(const std::string& needed, const std::string& search_path) {
  const std::string strings = std::string(1, '\0') + needed + '\0' + search_path + '\0';
  const uint64_t strings_at = sizeof(Layout);
  const uint64_t size = strings_at + strings.size();
  Layout stub{};
  std::memcpy(stub.header.e_ident, ELFMAG, SELFMAG);
  stub.header.e_ident[EI_CLASS] = ELFCLASS64;
  stub.header.e_ident[EI_DATA] = ELFDATA2LSB;
  stub.header.e_ident[EI_VERSION] = EV_CURRENT;
  stub.header.e_type = ET_DYN;
  stub.header.e_machine = kElfMachine;
  stub.header.e_version = EV_CURRENT;
  stub.header.e_ehsize = sizeof(Elf64_Ehdr);
  stub.header.e_phoff = offsetof(Layout, segments);
  stub.header.e_phentsize = sizeof(Elf64_Phdr);
  stub.header.e_phnum = kHeaders;
  constexpr uint64_t kPage = 0x10000;  // the largest there is
  const uint64_t dynamic_at = offsetof(Layout, dynamic);
  stub.segments[0] = {PT_LOAD, PF_R | PF_W, 0, 0, 0, size, size, kPage};
  stub.segments[1] = {PT_DYNAMIC, PF_R | PF_W,          dynamic_at,           dynamic_at,
                      dynamic_at, sizeof(stub.dynamic), sizeof(stub.dynamic), alignof(Elf64_Dyn)};
  // Without it the loader would make stacks executable.
  stub.segments[2] = {PT_GNU_STACK, PF_R | PF_W, 0, 0, 0, 0, 0, 16};
  stub.dynamic = {entry(DT_NEEDED, 1),
                  entry(DT_RPATH, 1 + needed.size() + 1),
                  entry(DT_HASH, offsetof(Layout, hash)),
                  entry(DT_STRTAB, strings_at),
                  entry(DT_STRSZ, strings.size()),
                  entry(DT_SYMTAB, offsetof(Layout, null_symbol)),
                  entry(DT_SYMENT, sizeof(Elf64_Sym)),
                  entry(DT_NULL, 0)};
  stub.hash = {1, 1, 0, 0};
  return std::string(reinterpret_cast<const char*>(&stub), sizeof(stub)) + strings;
}

}  // namespace

Status open_with_folders(const std::string& name, const std::vector<std::string>& folders) {
  std::string search_path;
  for (const std::string& folder : folders) search_path += (search_path.empty() ? "" : ":") + folder;
  const std::string stub = make_stub(name, search_path);
  const int file = memfd_create("mj-search-path", MFD_CLOEXEC);
  const bool written = file >= 0 && write(file, stub.data(), stub.size()) == static_cast<ssize_t>(stub.size());
  // Where there is no memory file, the library itself at least.
  const std::string path = written ? "/proc/self/fd/" + std::to_string(file) : folders.front() + "/" + name;
  // It stays open: the loader takes a path that it has loaded once for the same file.
  if (dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL) != nullptr) return {};
  const char* text = dlerror();
  if (file >= 0) close(file);
  return {Code::kLibraryNotFound, text != nullptr ? text : path};
}

}  // namespace mj
