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

/// Of which tables a statement of ours sees the rows, in this process at this moment. On PostgreSQL always kAll.
enum class TablesSeen {
  kAll,
  kReplicated,  // on a segment: those of which it has all rows
  kNone,        // where rows of a query that the segments run arrive: no other statement can be sent to them meanwhile
};
TablesSeen TablesSeenHere();

/// Number of primary segments; 0 on PostgreSQL.
int SegmentCount();

/// One integer a segment, by content id, that puts a row there in a table made now with DistributedByKey. The smallest
/// non-negative integers are taken, so the same cluster has the same keys in every session.
std::vector<int32_t> SegmentKeys();

/// What follows the column list of CREATE TABLE: heap storage and the distribution by `column` on Greenplum, nothing on PostgreSQL.
std::string DistributedBy(const std::string& column);

/// The same by an integer column that SegmentKeys fills, whatever gp_use_legacy_hashops says of other tables.
std::string DistributedByKey(const std::string& column);

/// The same where no column is to distribute the rows.
std::string DistributedRandomly();

/// While one lives, statements of this session are planned by the server's older planner where there are two (the setting
/// "optimizer"). Ours are many and short, and the other planner takes longer for them than they run. Does nothing where the
/// administrator has fixed the setting, and on PostgreSQL. Ends with the transaction at the latest.
class OlderPlanner {
 public:
  OlderPlanner();
  ~OlderPlanner();
  OlderPlanner(const OlderPlanner&) = delete;
  OlderPlanner& operator=(const OlderPlanner&) = delete;

 private:
  int level_ = 0;  // of settings; 0: nothing was changed
};

/// Build id of this library (hexadecimal), to tell the library of one segment from that of another.
std::string LibraryBuildId();

/// Memory taken outside of the server's own allocator, told to the server's tracker before it is taken, so that a segment refuses instead
/// of being ended by the kernel. It refuses what would put it into the red zone, too: there the server ends the query of whoever has most,
/// with a message that says nothing of us. Given back with the object at the latest. On PostgreSQL nobody counts.
class ReservedMemory {
 public:
  /// what: for the message, e.g. "training states".
  explicit ReservedMemory(const char* what) : what_(what) {}
  ~ReservedMemory() { Release(); }
  ReservedMemory(const ReservedMemory&) = delete;
  ReservedMemory& operator=(const ReservedMemory&) = delete;

  /// Errors: kOutOfMemory, naming the segment, when the server refuses; a cancelled query.
  void Grow(size_t bytes);
  /// The same without the first error: false when the server refuses.
  bool TryGrow(size_t bytes);
  /// Gives some of it back. REQUIRES bytes of at most bytes().
  void Shrink(size_t bytes);
  void Release() { Shrink(bytes_); }
  size_t bytes() const { return bytes_; }

 private:
  const char* what_;
  size_t bytes_ = 0;
  bool red_zone_ = false;  // why it was refused last
};

/// Calls `callback` when a transaction of this process is rolled back, before anything else of ours is. Registered once a process for each
/// callback; the callback must not throw.
void AtAbort(void (*callback)());
/// The same when it commits, too. A segment's process that only reads commits behind every statement.
void AtTransactionEnd(void (*callback)());

}  // namespace pg
