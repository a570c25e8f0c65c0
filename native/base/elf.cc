#include "base/elf.h"

#include <cstring>
#include <fstream>

namespace mj {

namespace {

template <typename T>
bool read_at(std::ifstream& file, uint64_t offset, T* out, size_t count) {
  file.clear();
  file.seekg(static_cast<std::streamoff>(offset));
  return static_cast<bool>(file.read(reinterpret_cast<char*>(out), static_cast<std::streamsize>(sizeof(T) * count)));
}

// Sizes in the file are not trusted: a table larger than this is damage.
constexpr uint64_t kMaxTable = 1U << 24;

// File offset of a virtual address; 0 where no segment holds it.
uint64_t offset_of(uint64_t address, const std::vector<Elf64_Phdr>& segments) {
  for (const Elf64_Phdr& segment : segments) {
    if (segment.p_type == PT_LOAD && address >= segment.p_vaddr && address < segment.p_vaddr + segment.p_filesz) {
      return segment.p_offset + (address - segment.p_vaddr);
    }
  }
  return 0;
}

bool read_segments(std::ifstream& file, std::vector<Elf64_Phdr>& segments) {
  Elf64_Ehdr header{};
  if (!read_at(file, 0, &header, 1) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
      header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_phentsize != sizeof(Elf64_Phdr) ||
      header.e_machine != kElfMachine) {
    return false;
  }
  segments.resize(header.e_phnum);
  return read_at(file, header.e_phoff, segments.data(), segments.size());
}

bool read_table(std::ifstream& file, const std::vector<Elf64_Phdr>& segments, std::vector<Elf64_Dyn>& table) {
  for (const Elf64_Phdr& segment : segments) {
    if (segment.p_type != PT_DYNAMIC) continue;
    if (segment.p_filesz > kMaxTable) return false;
    table.resize(segment.p_filesz / sizeof(Elf64_Dyn));
    if (!read_at(file, segment.p_offset, table.data(), table.size())) return false;
  }
  return true;
}

bool read_dynamic(std::ifstream& file, ElfDynamic& out) {
  std::vector<Elf64_Phdr> segments;
  std::vector<Elf64_Dyn> table;
  if (!read_segments(file, segments) || !read_table(file, segments, table)) return false;

  uint64_t strings_address = 0;
  uint64_t strings_size = 0;
  for (const Elf64_Dyn& entry : table) {
    if (entry.d_tag == DT_STRTAB) strings_address = entry.d_un.d_ptr;
    if (entry.d_tag == DT_STRSZ) strings_size = entry.d_un.d_val;
  }
  const uint64_t strings_offset = offset_of(strings_address, segments);
  if (strings_offset == 0 || strings_size == 0 || strings_size > kMaxTable) return false;
  std::string strings(strings_size, '\0');
  if (!read_at(file, strings_offset, strings.data(), strings.size())) return false;

  for (const Elf64_Dyn& entry : table) {
    if (entry.d_tag == DT_NULL) break;
    const bool text =
        entry.d_tag == DT_NEEDED || entry.d_tag == DT_SONAME || entry.d_tag == DT_RUNPATH || entry.d_tag == DT_RPATH;
    if (!text) continue;
    if (entry.d_un.d_val >= strings_size) return false;
    const char* value = strings.c_str() + entry.d_un.d_val;
    if (entry.d_tag == DT_NEEDED) out.needed.emplace_back(value);
    if (entry.d_tag == DT_SONAME) out.soname = value;
    if (entry.d_tag == DT_RUNPATH || entry.d_tag == DT_RPATH) out.search_path = value;
  }
  return true;
}

}  // namespace

Status read_elf(const std::string& path, ElfDynamic& out) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return {Code::kLibraryNotFound, path + " cannot be read."};
  out = {};
  if (!read_dynamic(file, out)) {
    return {Code::kLibraryNotFound, path + " is not a shared library of this machine (64-bit ELF)."};
  }
  return {};
}

}  // namespace mj
