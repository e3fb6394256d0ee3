// What the summaries of a packed table by group say of all groups together, read from the table of groups.
#pragma once

#include <cstdint>
#include <string>

#include "pg/names.hpp"

namespace pack {

/// The digest of a packed table by group: base::Hash (seed 0) over, for each group of the table of groups that has rows there, in
/// the order of the groups, its number and its digest's text.
struct TableDigests {
  std::string packed, held;  // held: of the rows that validate
};

/// By a cursor: without memory for the groups.
TableDigests DigestsOfGroups(const pg::TableName& groups_table);

struct GroupSums {
  int64_t groups = 0, packed_groups = 0;
  int64_t rows = 0, largest_rows = 0;             // of training, of the groups that are packed
  int64_t held_rows = 0, largest_held_rows = 0;   // that validate
  TableDigests digests;
};

/// By one pass over the table where that is possible (pg/row_scan.hpp), with about 90 bytes a group.
GroupSums SumGroups(const pg::TableName& groups_table);

}  // namespace pack
