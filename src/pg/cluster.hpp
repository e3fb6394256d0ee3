// The segments of a Greenplum cluster, as the rest of the extension sees them. On PostgreSQL there are none: every answer is the one of a
// single server, so that callers need no #if.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace pg {

/// True in a library that was built for Greenplum.
bool OnGreenplum();

/// Content id of the segment that this process belongs to; -1 on the coordinator and on PostgreSQL.
int SegmentIndex();

/// Number of primary segments; 0 on PostgreSQL.
int SegmentCount();

/// One integer a segment, by content id, that puts a row there in a table made now WITH DISTRIBUTED BY (an integer column). The smallest
/// non-negative integers are taken, so the same cluster has the same keys in every session.
std::vector<int32_t> SegmentKeys();

/// What follows the column list of CREATE TABLE: heap storage and the distribution by `column` on Greenplum, nothing on PostgreSQL.
std::string DistributedBy(const std::string& column);

/// The same where no column is to distribute the rows.
std::string DistributedRandomly();

/// Build id of this library (hexadecimal), to tell the library of one segment from that of another.
std::string LibraryBuildId();

/// Memory taken outside of the server's own allocator, told to the server's tracker before it is taken, so that a segment refuses instead
/// of being ended by the kernel. Given back with the object at the latest. On PostgreSQL nobody counts.
class ReservedMemory {
 public:
  /// what: for the message, e.g. "training states".
  explicit ReservedMemory(const char* what) : what_(what) {}
  ~ReservedMemory() { Release(); }
  ReservedMemory(const ReservedMemory&) = delete;
  ReservedMemory& operator=(const ReservedMemory&) = delete;

  /// Errors: kOutOfMemory, naming the segment, when the server refuses.
  void Grow(size_t bytes);
  /// The same without an error: false when the server refuses.
  bool TryGrow(size_t bytes);
  void Release();
  size_t bytes() const { return bytes_; }

 private:
  const char* what_;
  size_t bytes_ = 0;
};

/// Calls `callback` when a transaction of this process is rolled back, before anything else of ours is. Registered once a process for each
/// callback; the callback must not throw.
void AtAbort(void (*callback)());

}  // namespace pg
