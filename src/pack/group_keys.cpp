#include "pack/group_keys.hpp"

#include <cstdint>
#include <cstdlib>
#include <set>
#include <utility>

#include "base/error.hpp"
#include "data/groups.hpp"
#include "data/packed_format.hpp"
#include "pg/sql.hpp"

namespace pack {
namespace {

using base::Error;
using base::ErrorCode;

constexpr int64_t kMostKeyBytes = 2000;  // an index has a key whole

std::string Quoted(const std::string& name) { return "\"" + name + "\""; }

// Those of <packed>_groups, of <model_output_table>_groups (store/group_columns.hpp) and of what evaluate makes: who packs
// learns of it at once, and not when all is trained. The last one numbers groups where rows are predicted.
const std::set<std::string>& ColumnsOfGroups() {
  static const std::set<std::string> kNames = {
      "group_id", "group_rows", "validation_rows", "partitions", "digest", "validation_digest", "source_digest",
      "class_rows", "constants", "status", "reason", "chosen", "mst_key", "metric", "value", "loss", "global_value",
      "seconds", "metric_names", "metric_values", "__group_id__"};
  return kNames;
}

/// A condition that a hash join can work by, and to which a NULL equals a NULL. groups: as in SameKeys.
std::string KeyCondition(const GroupKey& key, const pg::TableName& groups) {
  const std::string name = pg::QuoteIdent(key.column.name), mine = "s." + name, theirs = "g." + name;
  const std::string equal = " " + key.type.equal + " ";
  if (key.column.not_null) return mine + equal + theirs;
  const pg::Result nulls = pg::Execute("SELECT 1 FROM " + groups.Sql() + " AS g WHERE " + theirs + " IS NULL LIMIT 1");
  if (nulls.empty()) return mine + equal + theirs;
  const pg::Result some =
      pg::Execute("SELECT " + theirs + " FROM " + groups.Sql() + " AS g WHERE " + theirs + " IS NOT NULL LIMIT 1");
  if (some.empty()) return mine + " IS NULL";
  // bytea cells are raw bytes; all others are the text that their type reads
  const std::string filler = key.column.base_type == "bytea" && !key.column.is_array
                                 ? "''::pg_catalog.bytea"
                                 : pg::QuoteLiteral(some.at(0, 0).value()) + "::" + key.column.sql_type;
  return "COALESCE(" + mine + ", " + filler + ")" + equal + "COALESCE(" + theirs + ", " + filler + ") AND (" + mine +
         " IS NULL) OPERATOR(pg_catalog.=) (" + theirs + " IS NULL)";
}

}  // namespace

std::vector<GroupKey> OpenGroupKeys(const Source& source, const std::string& grouping_cols) {
  const std::vector<std::string> names = pg::ParseColumnList(grouping_cols, "grouping_cols");
  if (names.size() > data::kMostGroupingColumns) {
    throw Error(ErrorCode::kInvalidParameter, "grouping_cols names " + std::to_string(names.size()) + " columns", "",
                "At most " + std::to_string(data::kMostGroupingColumns) + " can make groups.");
  }
  std::vector<GroupKey> keys;
  std::set<std::string> seen;
  for (const std::string& name : names) {
    const pg::Column* column = pg::FindColumn(source.all, name);
    if (column == nullptr) {
      throw Error(
          ErrorCode::kUndefinedColumn,
          "column " + Quoted(name) + " of grouping_cols does not exist in table " + source.Text(), "",
          "Column names are separated by commas; a name with capitals, blanks or commas is written in double quotes.");
    }
    if (!seen.insert(name).second) {
      throw Error(ErrorCode::kInvalidParameter, "column " + Quoted(name) + " is named more than once", "",
                  "Name it once in grouping_cols.");
    }
    if (ColumnsOfGroups().count(name) > 0) {
      throw Error(ErrorCode::kInvalidParameter,
                  "column name " + Quoted(name) + " would be in the table of groups twice",
                  "It is a column that the table of groups adds itself.",
                  "Give the column another name in a view over the source table.");
    }
    for (size_t i = source.inputs; i < source.columns.size(); ++i) {
      if (source.columns[i].column.name != name) continue;
      throw Error(ErrorCode::kInvalidParameter,
                  "column " + Quoted(name) + " of grouping_cols is a " +
                      (source.columns[i].weight ? "sample weight" : "dependent column") + ", too",
                  "", "Name another column in grouping_cols: in each group it has one value.");
    }
    GroupKey key{*column, pg::KeyTypeOf(source.name, name)};
    if (!key.type.sortable) {
      throw Error(
          ErrorCode::kDatatypeMismatch,
          "column " + Quoted(name) + " of grouping_cols has type " + column->type + ", whose values have no order", "",
          "Groups are made of numbers, texts, dates and other types that can be sorted; cast the column in a view, to "
          "text for example.");
    }
    keys.push_back(std::move(key));
  }
  for (const SourceColumn& c : source.columns) {
    if (c.column.name != data::kGroupColumn && c.column.name + data::kShapeSuffix != data::kGroupColumn) continue;
    throw Error(ErrorCode::kInvalidParameter,
                "column name " + Quoted(c.column.name) + " would be in the packed table twice",
                "It is named more than once, or it is a column that the packed table adds itself.",
                "Give the column another name in a view over the source table.");
  }
  return keys;
}

std::string KeyList(const std::vector<GroupKey>& keys, const std::string& alias) {
  std::string list;
  for (const GroupKey& key : keys) list += (list.empty() ? "" : ", ") + (alias + "." + pg::QuoteIdent(key.column.name));
  return list;
}

std::string KeyOrder(const std::vector<GroupKey>& keys, const std::string& alias) {
  std::string order;
  for (const GroupKey& key : keys) {
    order += (order.empty() ? "" : ", ") + alias + "." + pg::QuoteIdent(key.column.name) +
             (key.type.collatable ? " COLLATE pg_catalog.\"C\"" : "") + " NULLS LAST";
  }
  return order;
}

void CheckKeySizes(const std::vector<GroupKey>& keys, const pg::TableName& groups) {
  std::string size;
  for (const GroupKey& key : keys) {
    size += (size.empty() ? "" : " OPERATOR(pg_catalog.+) ") +
            ("COALESCE(pg_catalog.pg_column_size(g." + pg::QuoteIdent(key.column.name) + "), 0)");
  }
  const int64_t longest = pg::Execute("SELECT pg_catalog.max(" + size + ") FROM " + groups.Sql() + " AS g").Int();
  if (longest > kMostKeyBytes) {
    throw Error(ErrorCode::kLimitExceeded, "the key of a group has " + std::to_string(longest) + " bytes",
                "The values of the key columns together may have " + std::to_string(kMostKeyBytes) + ".",
                "Group by a shorter column, or by a hash of the value that a view over the source table has.");
  }
}

std::string SameKeys(const std::vector<GroupKey>& keys, const pg::TableName& groups) {
  std::string condition;
  for (const GroupKey& key : keys) condition += (condition.empty() ? "" : " AND ") + KeyCondition(key, groups);
  return condition;
}

}  // namespace pack
