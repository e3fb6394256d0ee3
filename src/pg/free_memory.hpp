// How much memory processes may still take: what the machine, its cgroups and a process's own limits leave.
#pragma once

#include <cstdint>
#include <string>

namespace pg {

/// A limit, and what sets it as a clause: "this machine has so much free".
struct MemoryLimit {
  uint64_t bytes = 0;
  std::string set_by;
};

struct FreeMemory {
  /// What all processes together may take, of memory that must be there.
  MemoryLimit all;
  /// What this process may take of address space. A process that is forked from the same one has about as much.
  MemoryLimit process;
};

/// Linux: MemAvailable, or what is not committed where the system refuses to overcommit; the limits of this process's
/// cgroups of both versions, whose reclaimable file cache counts as free; RLIMIT_AS and RLIMIT_DATA. What cannot
/// be read sets no limit. root: where /proc and /sys are, for tests.
FreeMemory ReadFreeMemory(const std::string& root = "");

/// A number of bytes for people: "57.2 GB", "640 MB", "12 kB", in units of 1024.
std::string SizeText(double bytes);

}  // namespace pg
