// What tells that rows of a source cannot have changed, without a look at their contents. Called by pack/group_rows.hpp.
//
// The server never changes a row where it lies. A changed row is a new one, with the number of the transaction that wrote it
// (xmin). So a row of a transaction that had ended when a snapshot was taken, and that is still there, is there with the same
// contents to that snapshot. If all rows of a group are such rows, and are as many as the snapshot had, they are the same rows.
//
// That holds for rows of one table on one server. The state of a source names them: the server's data directory, the database,
// the table and its file, for each table where it has partitions, the columns that are packed with their types, and the
// horizon: the oldest transaction that had not ended. What is written at the horizon or later may be new. Rows that any of it
// does not cover are compared by contents. So a table that was written anew (VACUUM FULL, CLUSTER, a dump read back) costs
// one comparison by contents, and keeps its groups.
//
// There is no state, and contents decide: of views and foreign tables, of tables whose rows lie in other storage than the
// server's own (heap), where row-level security hides rows, where a type's text depends on other tables than the row's (enums,
// composite types, types of extensions, reg* types), of generated columns that are not stored, and on Greenplum.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pack/source.hpp"

namespace pack {

constexpr const char* kSourceStateColumn = "source_state";  // of the summary of a table that is packed by group

/// The state of the source at this moment, as the summary of its packed table keeps it: JSON. columns: the names of all that
/// decide what is packed of a row, and in which group. Empty: there is none. REQUIRES that no row has been read before: the
/// snapshots of all statements that read rows are no older.
std::string DescribeSourceState(const Source& source, const std::vector<std::string>& columns);

/// By what it is told of a row that it may not have been there, as it is, when a state was described.
struct WrittenSince {
  int64_t horizon = 0;  // of the state then: pg::TransactionsSince
  std::string sql;      // over s, a row of the source: whether it may not have been there
  bool all_known = false;  // the source is one table, and was it then: the horizon alone decides
};

/// Nothing where that is not known of any row. before: the state then; now: that of the source now. What is no state counts as none.
std::optional<WrittenSince> FindWrittenSince(const std::string& before, const std::string& now);

}  // namespace pack
