#include "pack/group_sums.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

#include "base/hash.hpp"
#include "base/plain_number.hpp"
#include "pg/row_scan.hpp"
#include "pg/snapshot.hpp"
#include "pg/sql.hpp"

namespace pack {
namespace {

constexpr int64_t kGroupsAtOnce = 1000;  // of the cursor

/// The digests of both tables, of those of the groups in the order of their numbers.
class DigestMaker {
 public:
  void Add(int64_t group_id, const std::optional<std::string_view>& packed, const std::optional<std::string_view>& held) {
    Add(group_id, packed, &packed_);
    Add(group_id, held, &held_);
  }
  TableDigests Finish() { return {base::ToHex(packed_.Finish()), base::ToHex(held_.Finish())}; }

 private:
  static void Add(int64_t group_id, const std::optional<std::string_view>& digest, base::Hasher* hasher) {
    if (!digest) return;
    hasher->UpdateU64(static_cast<uint64_t>(group_id));
    hasher->Update(digest->data(), digest->size());
  }

  base::Hasher packed_{0}, held_{0};
};

GroupSums SumByStatements(const pg::TableName& groups_table) {
  const std::string packed = "g.partitions OPERATOR(pg_catalog.>) 0",
                    rows = "CASE WHEN " + packed + " THEN g.group_rows ELSE 0 END";
  const pg::Result sums = pg::Execute(
      "SELECT pg_catalog.count(*), pg_catalog.count(CASE WHEN " + packed + " THEN 1 END), pg_catalog.sum(" + rows +
      ")::pg_catalog.int8, pg_catalog.max(" + rows + "), pg_catalog.sum(g.validation_rows)::pg_catalog.int8,"
      " pg_catalog.max(g.validation_rows) FROM " + groups_table.Sql() + " AS g");
  const auto number = [&sums](size_t column) { return base::WholeOrZero(sums.at(0, column)); };
  return {number(0), number(1), number(2), number(3), number(4), number(5), DigestsOfGroups(groups_table)};
}

}  // namespace

TableDigests DigestsOfGroups(const pg::TableName& groups_table) {
  DigestMaker digests;
  pg::Cursor groups(
      "SELECT g.group_id, g.digest, g.validation_digest FROM " + groups_table.Sql() + " AS g ORDER BY g.group_id", {},
      false);
  for (pg::Result some = groups.Fetch(kGroupsAtOnce); !some.empty(); some = groups.Fetch(kGroupsAtOnce)) {
    for (const auto& row : some.rows) digests.Add(base::WholeOrZero(row[0]), row[1], row[2]);
  }
  return digests.Finish();
}

GroupSums SumGroups(const pg::TableName& groups_table) {
  pg::ScannedColumns columns;
  columns.keys = {"digest", "validation_digest"};
  columns.numbers = {"group_id", "group_rows", "validation_rows", "partitions"};
  if (!pg::RowScan::Takes(groups_table, columns)) return SumByStatements(groups_table);
  struct Group {
    int64_t id;
    size_t begin, end;  // of its digests in `texts`
  };
  std::vector<Group> groups;
  std::string texts;
  GroupSums sums;
  {
    const pg::FreshSnapshot now;
    pg::RowScan scan(groups_table, columns);
    while (true) {
      const std::vector<pg::ScannedRow>& rows = scan.Next();
      if (rows.empty()) break;
      for (const pg::ScannedRow& row : rows) {
        const bool packed = row.numbers[3] > 0;
        const int64_t training = packed ? row.numbers[1] : 0, held = row.numbers[2];
        ++sums.groups;
        sums.packed_groups += packed ? 1 : 0;
        sums.rows += training;
        sums.largest_rows = std::max(sums.largest_rows, training);
        sums.held_rows += held;
        sums.largest_held_rows = std::max(sums.largest_held_rows, held);
        groups.push_back({row.numbers[0], texts.size(), texts.size() + row.key.size()});
        texts.append(row.key);
      }
    }
  }
  std::sort(groups.begin(), groups.end(), [](const Group& a, const Group& b) { return a.id < b.id; });
  DigestMaker digests;
  for (const Group& group : groups) {
    std::string_view key = std::string_view(texts).substr(group.begin, group.end - group.begin);
    const std::optional<std::string_view> packed = pg::TakeText(&key);
    digests.Add(group.id, packed, pg::TakeText(&key));
  }
  sums.digests = digests.Finish();
  return sums;
}

}  // namespace pack
