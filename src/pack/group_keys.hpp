// The columns that make groups: checked, and as SQL that numbers, sorts and joins them. NULLs are equal to each other.
// Called by what packs by group.
#pragma once

#include <string>
#include <vector>

#include "pack/source.hpp"
#include "pg/key_type.hpp"
#include "pg/names.hpp"

namespace pack {

struct GroupKey {
  pg::Column column;
  pg::KeyType type;

  /// As a column of a table of groups, whose values are to be equal where those of the source are.
  std::string Definition() const { return pg::QuoteIdent(column.name) + " " + column.sql_type + type.collate; }
};

/// The key columns of grouping_cols. Errors: kUndefinedColumn; kInvalidParameter for more than 16 of them, for one that
/// is named twice or has a name of the table of groups, and for one that is a dependent column; kDatatypeMismatch for
/// one whose values have no order.
std::vector<GroupKey> OpenGroupKeys(const Source& source, const std::string& grouping_cols);

/// "s.a, s.b"
std::string KeyList(const std::vector<GroupKey>& keys, const std::string& alias);

/// For an ORDER BY: texts by their bytes, NULLs last.
std::string KeyOrder(const std::vector<GroupKey>& keys, const std::string& alias);

/// A condition on rows s and groups g: whether they have one key. groups: the table of which g is; it has the key
/// columns. Reads it: whether it has NULLs decides what the condition is.
std::string SameKeys(const std::vector<GroupKey>& keys, const pg::TableName& groups);

/// Errors: kLimitExceeded when a key of the table is too long for an index.
void CheckKeySizes(const std::vector<GroupKey>& keys, const pg::TableName& groups);

}  // namespace pack
