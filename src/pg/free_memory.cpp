#include "pg/free_memory.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <map>
#include <optional>
#include <sstream>
#include <vector>

namespace pg {
namespace {

constexpr uint64_t kNoLimit = std::numeric_limits<uint64_t>::max();

/// The lines "name: number" or "name number" of a file of the system, numbers as they are there.
std::map<std::string, uint64_t> ReadNumbers(const std::string& path) {
  std::map<std::string, uint64_t> numbers;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string name;
    uint64_t number = 0;
    if (!(words >> name >> number)) continue;
    if (!name.empty() && name.back() == ':') name.pop_back();
    numbers[name] = number;
  }
  return numbers;
}

/// A file with one number. Nothing where it is not there or says "max".
std::optional<uint64_t> ReadNumber(const std::string& path) {
  std::ifstream file(path);
  uint64_t number = 0;
  if (!(file >> number)) return std::nullopt;
  return number;
}

uint64_t Left(uint64_t limit, uint64_t used) { return limit > used ? limit - used : 0; }

void Lower(MemoryLimit* limit, uint64_t bytes, const char* set_by) {
  if (bytes < limit->bytes) *limit = {bytes, set_by};
}

void LimitByMachine(const std::string& root, MemoryLimit* limit) {
  const std::map<std::string, uint64_t> memory = ReadNumbers(root + "/proc/meminfo");
  const auto kilobytes = [&](const char* name) { return memory.count(name) != 0 ? std::optional<uint64_t>(memory.at(name) * 1024) : std::nullopt; };
  if (const auto available = kilobytes("MemAvailable")) Lower(limit, *available, "that is what this machine has free");
  if (ReadNumber(root + "/proc/sys/vm/overcommit_memory") != uint64_t{2}) return;
  const auto most = kilobytes("CommitLimit"), committed = kilobytes("Committed_AS");
  if (most && committed) Lower(limit, Left(*most, *committed), "that is what this machine lets processes allocate (vm.overcommit_memory = 2)");
}

/// Where the files of a version of cgroups are, and how they are called.
struct CgroupFiles {
  const char* mount;
  const char* limit;
  const char* used;
  const char* file_cache[2];  // in memory.stat: long unused, and used lately
};

constexpr CgroupFiles kVersion1 = {"/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes", {"total_inactive_file", "total_active_file"}};
constexpr CgroupFiles kVersion2[] = {{"/sys/fs/cgroup", "memory.max", "memory.current", {"inactive_file", "active_file"}},
                                    {"/sys/fs/cgroup/unified", "memory.max", "memory.current", {"inactive_file", "active_file"}}};

// A limit of a cgroup holds for those inside it too. A container may see its own cgroup as the root: a path that is not
// there is passed over on the way up.
void LimitByCgroup(const std::string& root, const CgroupFiles& files, std::string path, MemoryLimit* limit) {
  for (;;) {
    const std::string folder = root + files.mount + (path == "/" ? "" : path) + "/";
    const auto most = ReadNumber(folder + files.limit), used = ReadNumber(folder + files.used);
    if (most && used) {
      std::map<std::string, uint64_t> stat = ReadNumbers(folder + "memory.stat");
      const uint64_t reclaimable = stat[files.file_cache[0]] + stat[files.file_cache[1]] / 2;
      Lower(limit, Left(*most, Left(*used, reclaimable)), "that is what the server's cgroup leaves");
    }
    if (path.empty() || path == "/") return;
    path.resize(path.rfind('/'));
  }
}

void LimitByCgroups(const std::string& root, MemoryLimit* limit) {
  std::ifstream file(root + "/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {  // number:controllers:path
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",", path = line.substr(second + 1);
    if (controllers.find(",memory,") != std::string::npos) LimitByCgroup(root, kVersion1, path, limit);
    if (controllers != ",,") continue;
    for (const CgroupFiles& files : kVersion2) LimitByCgroup(root, files, path, limit);
  }
}

void LimitByResource(int resource, uint64_t used, const char* set_by, MemoryLimit* limit) {
  struct rlimit most;
  if (getrlimit(static_cast<__rlimit_resource_t>(resource), &most) != 0 || most.rlim_cur == RLIM_INFINITY) return;
  Lower(limit, Left(most.rlim_cur, used), set_by);
}

}  // namespace

FreeMemory ReadFreeMemory(const std::string& root) {
  FreeMemory free{{kNoLimit, "nothing limits it"}, {kNoLimit, "nothing limits it"}};
  LimitByMachine(root, &free.all);
  LimitByCgroups(root, &free.all);
  const std::map<std::string, uint64_t> own = ReadNumbers(root + "/proc/self/status");
  const auto used = [&](const char* name) { return own.count(name) != 0 ? own.at(name) * 1024 : uint64_t{0}; };
  LimitByResource(RLIMIT_AS, used("VmSize"), "that is what the limit of a process's address space leaves (ulimit -v)", &free.process);
  LimitByResource(RLIMIT_DATA, used("VmData"), "that is what the limit of a process's data leaves (ulimit -d)", &free.process);
  return free;
}

std::string SizeText(double bytes) {
  constexpr const char* kUnits[] = {"kB", "MB", "GB", "TB"};
  double value = bytes / 1024;
  size_t unit = 0;
  for (; value >= 1000 && unit + 1 < sizeof(kUnits) / sizeof(kUnits[0]); unit++) value /= 1024;
  char text[32];
  std::snprintf(text, sizeof(text), value < 10 ? "%.1f %s" : "%.0f %s", value, kUnits[unit]);
  return text;
}

}  // namespace pg
