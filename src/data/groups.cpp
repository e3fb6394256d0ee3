#include "data/groups.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

#include "base/error.hpp"
#include "base/plain_number.hpp"
#include "data/buffer_view.hpp"
#include "data/group_constants.hpp"
#include "pg/index_plans.hpp"
#include "pg/sql.hpp"

namespace data {
namespace {

using base::Error;
using base::ErrorCode;

constexpr int64_t kBuffersAtOnce =
    64;  // those of small groups are small; a large one is some megabytes, and comes alone
constexpr size_t kLargeBufferBytes = size_t{1} << 20;
constexpr size_t kLeadingColumns = 3;  // group_id, partition_id, buffer_id


std::string GroupsSql(const GroupedTable& table) {
  return "SELECT g.group_id, g.group_rows, g.validation_rows, g.partitions, g.digest, g.validation_digest, g.reason,"
         " g.class_rows::pg_catalog.text, " +
         std::string(table.own_constants ? "g.constants::pg_catalog.text" : "NULL") + " FROM " +
         table.groups_table.Sql() +
         " AS g WHERE g.group_id OPERATOR(pg_catalog.>=) $1::pg_catalog.int8 AND g.group_id OPERATOR(pg_catalog.<=) "
         "$2::pg_catalog.int8"
         " ORDER BY g.group_id";
}

Group ReadRow(const std::vector<pg::Cell>& row) {
  Group group;
  group.id = base::WholeOrZero(row[0]);
  group.rows = base::WholeOrZero(row[1]);
  group.validation_rows = base::WholeOrZero(row[2]);
  group.partitions = static_cast<int>(base::WholeOrZero(row[3]));
  group.digest = row[4].value_or("");
  group.validation_digest = row[5].value_or("");
  group.reason = row[6].value_or("");
  for (const pg::Cell& count : pg::ParseArrayText(row[7].value_or("{}"))) group.class_rows.push_back(base::WholeOrZero(count));
  group.constants = row[8].value_or("");
  return group;
}

bool IsLabel(const base::ColumnSpec& target) {
  return target.kind == base::TargetKind::kOneHot || target.kind == base::TargetKind::kClassIndex;
}

int64_t RowsIn(const GroupedTable& table, const Group& group) {
  return table.validates ? group.validation_rows : group.rows;
}

int PartitionsIn(const GroupedTable& table, const Group& group) {
  if (!table.validates) return group.partitions;
  return static_cast<int>(std::max<int64_t>(1, std::min<int64_t>(group.partitions, group.validation_rows)));
}

}  // namespace

bool IsGrouped(std::string_view name, const char* what) {
  const pg::TableName table = pg::ParseTableName(name, what);
  const pg::TableName summary = table.WithSuffix("_summary");
  if (!pg::TableExists(summary)) return false;
  return pg::FindColumn(pg::TableColumns(summary, what), kGroupingColumn) != nullptr;
}

GroupedTable OpenGroupedTable(std::string_view name, const char* what) {
  GroupedTable table;
  table.packed = OpenAnyPackedTable(name, what);
  if (table.packed.grouping.empty()) {
    throw Error(ErrorCode::kWrongObjectType, "packed table \"" + table.packed.name.name + "\" is not packed by group",
                std::string("It was given as ") + what + ".",
                "Pack it by training_preprocessor_dl() with grouping_cols.");
  }
  const pg::TableName summary = table.packed.name.WithSuffix("_summary");
  const pg::Result row = pg::Read(
      "SELECT s.groups_table, s.groups, s.packed_groups, s.largest_group_rows, s.validates, s.own_constants FROM " +
      summary.Sql() + " AS s");
  if (row.rows.size() != 1 ||
      std::any_of(row.rows[0].begin(), row.rows[0].end(), [](const pg::Cell& cell) { return !cell; })) {
    throw Error(ErrorCode::kDataCorrupted, "summary table \"" + summary.name + "\" does not describe its groups", "",
                "Pack the data again by " + table.packed.packer + ".");
  }
  table.groups_table = pg::ParseStoredName(*row.at(0, 0), "groups_table", summary);
  table.groups = base::WholeOrZero(row.at(0, 1));
  table.packed_groups = base::WholeOrZero(row.at(0, 2));
  table.largest_rows = base::WholeOrZero(row.at(0, 3));
  table.validates = *row.at(0, 4) == "t";
  table.own_constants = *row.at(0, 5) == "t";
  const std::vector<pg::Column> columns = pg::TableColumns(table.groups_table, "groups_table");
  pg::RequireSelect(table.groups_table);
  for (const std::string& key : table.packed.grouping) {
    const pg::Column* column = pg::FindColumn(columns, key);
    if (column == nullptr) {
      throw Error(ErrorCode::kUndefinedColumn,
                  "table \"" + table.groups_table.name + "\" has no column \"" + key + "\"",
                  "It is a key column of packed table \"" + table.packed.name.name + "\".",
                  "Pack the data again by " + table.packed.packer + ".");
    }
    table.keys.push_back(*column);
  }
  return table;
}

void DeleteGroups(const pg::TableName& from, const pg::TableName& groups, bool few) {
  std::optional<pg::IndexPlans> by_index;
  if (few && pg::HasIndexOn(from, kGroupColumn)) by_index.emplace();
  pg::Execute("DELETE FROM " + from.Sql() + " AS t WHERE t.group_id IN (SELECT g.group_id FROM " + groups.Sql() + " AS g)");
}

struct GroupCursor::Impl {
  pg::Cursor cursor;
};

GroupCursor::GroupCursor(const GroupedTable& table, int64_t first_id, int64_t last_id)
    : impl_(new Impl{pg::Cursor(GroupsSql(table), {first_id, last_id})}) {}

GroupCursor::~GroupCursor() = default;
GroupCursor::GroupCursor(GroupCursor&&) noexcept = default;

std::vector<Group> GroupCursor::Next(size_t most) {
  std::vector<Group> groups;
  for (const auto& row : impl_->cursor.Fetch(static_cast<int64_t>(most)).rows) groups.push_back(ReadRow(row));
  return groups;
}

Group ReadGroup(const GroupedTable& table, int64_t id) {
  const pg::Result found = pg::Read(GroupsSql(table), {id, id});
  if (!found.empty()) return ReadRow(found.rows[0]);
  throw Error(
      ErrorCode::kInvalidParameter,
      "packed table \"" + table.packed.name.name + "\" has no group " + std::to_string(id), "",
      "It has " + std::to_string(table.groups) + " groups: see table \"" + table.groups_table.name + "\".");
}

std::string KeyText(const GroupedTable& table, int64_t id) {
  std::string columns;
  for (const pg::Column& key : table.keys)
    columns += (columns.empty() ? "g." : ", g.") + pg::QuoteIdent(key.name) + "::pg_catalog.text";
  const pg::Result found = pg::Read("SELECT " + columns + " FROM " + table.groups_table.Sql() +
                                        " AS g WHERE g.group_id OPERATOR(pg_catalog.=) $1::pg_catalog.int8",
                                    {id});
  std::string text;
  for (size_t k = 0; k < table.keys.size() && !found.empty(); k++)
    text += (text.empty() ? "" : ", ") + table.keys[k].name + "=" + found.at(0, k).value_or("NULL");
  return text;
}

base::DataSpec SpecOf(const GroupedTable& table, const Group& group) {
  base::DataSpec spec = table.packed.spec;
  spec.rows = RowsIn(table, group);
  spec.num_partitions = PartitionsIn(table, group);
  auto next = group.class_rows.begin();
  for (base::ColumnSpec& target : spec.targets) {
    const auto classes = static_cast<std::ptrdiff_t>(IsLabel(target) ? target.num_classes : 0);
    if (table.validates || group.class_rows.end() - next < classes) {
      target.class_rows.clear();
      continue;
    }
    target.class_rows.assign(next, next + classes);
    target.class_rows.resize(target.class_values.size(), 0);  // classes of no label have no rows
    next += classes;
  }
  if (!group.constants.empty()) ApplyConstants(group.constants, &spec);
  return spec;
}

PackedTable ViewGroup(const GroupedTable& table, const Group& group) {
  PackedTable view = table.packed;
  view.spec = SpecOf(table, group);
  view.group_id = group.id;
  view.grouping.clear();
  view.digest = table.validates ? group.validation_digest : group.digest;
  const auto partitions = static_cast<int64_t>(view.spec.num_partitions);
  if (partitions < 1 || partitions > view.spec.rows) {
    throw Error(ErrorCode::kDataCorrupted,
                "table " + table.groups_table.Text() + " says that group " + std::to_string(group.id) + " has " +
                    std::to_string(view.spec.rows) + " rows in " + std::to_string(partitions) + " partitions",
                "Each partition has at least one row.", "Pack the data again by " + table.packed.packer + ".");
  }
  const auto first_row = [&view, partitions](int64_t p) {
    return static_cast<int64_t>(static_cast<__int128>(p) * view.spec.rows / partitions);
  };
  view.partition_rows.clear();
  for (int64_t p = 0; p < partitions; ++p) view.partition_rows.push_back(first_row(p + 1) - first_row(p));
  view.partition_buffers.assign(static_cast<size_t>(partitions), 0);
  const pg::Result buffers =
      pg::Read("SELECT q.partition_id, pg_catalog.count(*) FROM " + view.FromClause() + " GROUP BY q.partition_id");
  for (const auto& row : buffers.rows) {
    const auto p = static_cast<size_t>(base::WholeOrZero(row[0]));
    if (p < view.partition_buffers.size()) view.partition_buffers[p] = base::WholeOrZero(row[1]);
  }
  return view;
}

GroupSource::GroupSource(const GroupedTable& table)
    : table_(table),
      sql_("SELECT p.group_id, p.partition_id, p.buffer_id, " + table.packed.DataColumns() + " FROM " +
           table.packed.name.Sql() +
           " AS p WHERE p.group_id OPERATOR(pg_catalog.>=) $1::pg_catalog.int8 AND p.group_id OPERATOR(pg_catalog.<=) "
           "$2::pg_catalog.int8"
           " ORDER BY p.group_id, p.partition_id, p.buffer_id") {}

void GroupSource::ForEach(int64_t first_id, int64_t last_id, const Use& use) const {
  const size_t largest = static_cast<size_t>(std::max<int64_t>(1, table_.packed.max_buffer_rows)) *
                         std::max<size_t>(1, table_.packed.RowBytes());
  const int64_t at_once = largest > kLargeBufferBytes ? 1 : kBuffersAtOnce;
  pg::Cursor cursor(sql_, {first_id, last_id});
  std::vector<base::Bytes> columns;
  for (;;) {
    const pg::Result batch = cursor.Fetch(at_once);
    if (batch.empty()) return;
    for (const auto& row : batch.rows) {
      columns.clear();
      for (size_t i = kLeadingColumns; i < row.size(); i++) {
        if (!row[i]) {
          throw Error(ErrorCode::kNullValue,
                      "column \"" + batch.columns[i] + "\" of group " + row[0].value_or("NULL") + " is NULL");
        }
        columns.push_back({reinterpret_cast<const uint8_t*>(row[i]->data()), row[i]->size()});
      }
      use(base::WholeOrZero(row[0]),
          ViewBuffer(table_.packed.spec, static_cast<int>(base::WholeOrZero(row[1])), static_cast<int>(base::WholeOrZero(row[2])), columns));
    }
  }
}

}  // namespace data
