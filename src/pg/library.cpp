// Build ids are ELF notes of type NT_GNU_BUILD_ID, in memory and in files alike: a header, the name "GNU", the bytes.
//
// Another library of ours is found by a name that all versions export: the server loads libraries into the process's
// global scope, and a look-up there finds the one that was loaded first.
#include "pg/library.hpp"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <vector>

#include "base/error.hpp"
#include "pg/cluster.hpp"

namespace pg {
namespace {

bool preloaded = false;

constexpr const char* kExportedByAll = "pg_cerebro_mxcsr";
constexpr size_t kMostIdBytes = 64;
constexpr uint64_t kMostSectionBytes = 1 << 20;  // of a file that may be anything

// The build id in a section of ELF headers from `at` to `end`, or "".
std::string BuildIdAmong(const char* at, const char* end) {
  while (end - at >= static_cast<std::ptrdiff_t>(sizeof(ElfW(Nhdr)))) {
    ElfW(Nhdr) header;
    std::memcpy(&header, at, sizeof(header));
    const uint64_t name_bytes = (uint64_t{header.n_namesz} + 3) & ~uint64_t{3};
    const uint64_t id_bytes = (uint64_t{header.n_descsz} + 3) & ~uint64_t{3};
    const char* name = at + sizeof(header);
    if (static_cast<uint64_t>(end - name) < name_bytes + header.n_descsz) return "";
    const auto* id = reinterpret_cast<const unsigned char*>(name + name_bytes);
    if (header.n_type == NT_GNU_BUILD_ID && header.n_namesz == 4 && std::memcmp(name, "GNU", 4) == 0) {
      std::string hex;
      for (size_t k = 0; k < std::min<size_t>(header.n_descsz, kMostIdBytes); k++) {
        char digits[3];
        std::snprintf(digits, sizeof(digits), "%02x", id[k]);
        hex += digits;
      }
      return hex;
    }
    if (static_cast<uint64_t>(end - name) < name_bytes + id_bytes) return "";
    at = name + name_bytes + id_bytes;
  }
  return "";
}

struct Found {
  uintptr_t here;
  std::string id;
};

// The header that the linker wrote into the object that this function lies in.
int LookForBuildId(struct dl_phdr_info* info, size_t, void* arg) {
  auto* found = static_cast<Found*>(arg);
  bool ours = false;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const auto& header = info->dlpi_phdr[i];
    const uintptr_t begin = info->dlpi_addr + header.p_vaddr;
    if (header.p_type == PT_LOAD && found->here >= begin && found->here < begin + header.p_memsz) ours = true;
  }
  if (!ours) return 0;
  for (int i = 0; i < info->dlpi_phnum && found->id.empty(); i++) {
    const auto& header = info->dlpi_phdr[i];
    if (header.p_type != PT_NOTE) continue;
    const char* at = reinterpret_cast<const char*>(info->dlpi_addr + header.p_vaddr);
    found->id = BuildIdAmong(at, at + header.p_memsz);
  }
  return 1;
}

// The object that this code lies in.
bool OwnObject(Dl_info* info) { return dladdr(reinterpret_cast<const void*>(&OwnObject), info) != 0; }

}  // namespace

const char* LibraryVersion() { return CEREBRO_VERSION; }

std::string LibraryBuildId() {
  Found found{reinterpret_cast<uintptr_t>(&LookForBuildId), {}};
  dl_iterate_phdr(LookForBuildId, &found);
  return found.id;
}

std::string LibraryFile() {
  Dl_info own;
  return OwnObject(&own) && own.dli_fname != nullptr ? own.dli_fname : "";
}

std::string BuildIdOfFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  ElfW(Ehdr) head;
  if (!file.read(reinterpret_cast<char*>(&head), sizeof(head))) return "";
  if (std::memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_phentsize != sizeof(ElfW(Phdr))) return "";
  if (head.e_ident[EI_CLASS] != (sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32)) return "";
  for (int i = 0; i < head.e_phnum; i++) {
    ElfW(Phdr) part;
    file.seekg(static_cast<std::streamoff>(head.e_phoff + static_cast<uint64_t>(i) * sizeof(part)));
    if (!file.read(reinterpret_cast<char*>(&part), sizeof(part))) return "";
    if (part.p_type != PT_NOTE || part.p_filesz > kMostSectionBytes) continue;
    std::vector<char> section(part.p_filesz);
    file.seekg(static_cast<std::streamoff>(part.p_offset));
    if (!file.read(section.data(), static_cast<std::streamsize>(section.size()))) return "";
    const std::string id = BuildIdAmong(section.data(), section.data() + section.size());
    if (!id.empty()) return id;
  }
  return "";
}

bool WasPreloaded() { return preloaded; }

void RequireOnlyLibrary(bool preloading) {
  preloaded = preloading;
  const void* first = dlsym(RTLD_DEFAULT, kExportedByAll);
  Dl_info own, other;
  if (first == nullptr || !OwnObject(&own) || dladdr(first, &other) == 0) return;
  if (own.dli_fbase == other.dli_fbase) return;
  throw base::Error(base::ErrorCode::kPrerequisiteState, "this session has loaded another pg_cerebro library",
                    std::string("The extension is of version ") + LibraryVersion() +
                        " now. Before it was upgraded, the session loaded " + other.dli_fname + ".",
                    "Reconnect. If the library is in shared_preload_libraries, restart the server.");
}

}  // namespace pg
