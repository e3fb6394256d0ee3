// Packed tables that are packed by group (training_preprocessor_dl with grouping_cols), as whoever trains or scores
// their groups reads them.
//
//   <packed>          a row a buffer: group_id bigint, partition_id integer (from 0 within the group), buffer_id
//                     integer, the data columns. Rows lie in the order of these three, which are the primary key
//   <packed>_groups   a row a group: group_id (from 1, in the order of the key columns), the key columns, group_rows,
//                     validation_rows, partitions, digest, validation_digest, source_digest, class_rows,
//                     constants, status, reason
//   <packed>_val      the rows that validate, of all groups, by the same numbers of groups
//   <packed>_pooled   all groups' rows that train, as a packed table without groups; <packed>_pooled_val: that validate
//
// A group's buffers are those that a packed table of the group's rows alone has, and its digest is that table's digest.
// So a group can be seen as a packed table of its own (ViewGroup), and whatever works on a packed table works on it.
// Many small groups are read by one scan (GroupSource).
//
// Every function reads, and reads only: all work in parallel workers. Nothing here keeps anything for each group of a
// table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/tensor.hpp"
#include "data/packed_format.hpp"
#include "data/packed_table.hpp"
#include "pg/names.hpp"

namespace data {

constexpr size_t kMostGroupingColumns = 16;

/// A row of <packed>_groups.
struct Group {
  int64_t id = 0;
  int64_t rows = 0;                 // that train, packed or not
  int64_t validation_rows = 0;      // in the table of the rows that validate
  int partitions = 0;               // 0: the group has no buffers, because it is skipped
  std::string digest;               // of the packed rows that train; empty where it is skipped
  std::string validation_digest;    // of those that validate; empty where there are none
  std::string reason;               // why it is skipped
  std::vector<int64_t> class_rows;  // that train of each class, label column after label column
  std::string constants;            // JSON, of a table with constants of each group (GroupedTable::own_constants)

  bool skipped() const { return partitions == 0; }
};

/// An opened packed table with its table of groups.
struct GroupedTable {
  PackedTable packed;            // all groups together, as if all buffers were of one partition
  pg::TableName groups_table;    // <packed>_groups, of the training table
  std::vector<pg::Column> keys;  // the key columns, as groups_table has them: names and types of the source
  int64_t groups = 0;            // rows of groups_table; ids are from 1, in a refreshed table with gaps
  int64_t packed_groups = 0;     // that are not skipped
  int64_t largest_rows = 0;      // rows of the largest group
  bool validates = false;        // a table of rows that validate: a group's rows are its validation_rows here
  bool own_constants = false;    // preprocess_per_group: each group has learned the constants of its columns itself
};

/// Whether the summary of a packed table says that it is packed by group. Errors: as OpenPackedTable.
bool IsGrouped(std::string_view name, const char* what);

/// Opens <name>, <name>_summary and the table of groups, which a table of rows that validate shares with its training
/// table. Errors: as OpenPackedTable; kWrongObjectType when it is not packed by group.
GroupedTable OpenGroupedTable(std::string_view name, const char* what);

/// Reads the groups of a table in the order of their ids.
class GroupCursor {
 public:
  explicit GroupCursor(const GroupedTable& table, int64_t first_id = 1,
                       int64_t last_id = std::numeric_limits<int64_t>::max());
  ~GroupCursor();
  GroupCursor(GroupCursor&&) noexcept;
  /// The next groups, `most` at most, skipped ones among them; empty at the end.
  std::vector<Group> Next(size_t most);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The group of an id. Errors: kInvalidParameter when there is none.
Group ReadGroup(const GroupedTable& table, int64_t id);

/// The keys of a group for people: "region=north, store=NULL".
std::string KeyText(const GroupedTable& table, int64_t id);

/// The description of a group's rows: the table's, with the group's rows, partitions and rows of the classes, and with
/// its own constants where it has them. Packed bytes are read in the same way in all groups of a table, so one program
/// serves them: constants are of use where rows of a plain table are converted.
base::DataSpec SpecOf(const GroupedTable& table, const Group& group);

/// A group as a packed table of its own: partitions, rows, buffers, digest. In a table that validates, the group's rows
/// that do; they are in as many partitions as the rows that train, or fewer. REQUIRES a group with rows in this table.
/// Reads the numbers of its buffers: for groups that are worth a statement of their own.
PackedTable ViewGroup(const GroupedTable& table, const Group& group);

/// Reads buffers of many groups by one scan.
class GroupSource {
 public:
  /// The table outlives the source.
  explicit GroupSource(const GroupedTable& table);

  using Use = std::function<void(int64_t group_id, const base::Buffer& buffer)>;
  /// Calls `use` for every buffer of the groups first_id to last_id, in the order of (group, partition, buffer).
  /// Skipped groups have none. The buffer is valid during the call.
  void ForEach(int64_t first_id, int64_t last_id, const Use& use) const;

 private:
  const GroupedTable& table_;
  std::string sql_;
};

/// Deletes the rows of the groups that another table names from a table with a column group_id. few: they are a small part of
/// its groups.
void DeleteGroups(const pg::TableName& from, const pg::TableName& groups, bool few);

/// Whether so many of `all` groups are few to DeleteGroups.
inline bool AreFewGroups(int64_t groups, int64_t all) { return groups < all / 20; }

}  // namespace data
