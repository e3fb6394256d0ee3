#include "data/segment_map.hpp"

#include <map>
#include <set>
#include <string>

#include "base/error.hpp"
#include "base/literal.hpp"
#include "base/plain_number.hpp"
#include "pg/cluster.hpp"
#include "pg/report.hpp"
#include "pg/sql.hpp"
#include "data/packed_table.hpp"

namespace data {
namespace {

using base::Error;
using base::ErrorCode;

[[noreturn]] void Misplaced(const PackedTable& table, const std::string& detail) {
  throw Error(ErrorCode::kPrerequisiteState, "the partitions of packed table " + table.name.Text() + " do not lie evenly on the segments",
              detail, "Pack the data again by " + table.packer + ", as after an expansion of the cluster.");
}

[[noreturn]] void NotDistributedAsPacked(const PackedTable& table, const std::string& detail) {
  throw Error(ErrorCode::kPrerequisiteState, "packed table " + table.name.Text() + " is not distributed by __dist_key__", detail,
              "Use the table that the packer made, or a copy that is made with DISTRIBUTED BY (__dist_key__).");
}

// States go to the rows by the same key: a table that is distributed in any other way would be moved at every round, or
// has no rows of its own on the segments.
void RequirePackersDistribution(const PackedTable& table) {
  const pg::Result found = pg::Read(
      "SELECT CASE c.relstorage WHEN 'x' THEN 'x' ELSE c.relkind END, p.policytype, p.numsegments, o.opcdefault,"
      " (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY k.nth)"
      " FROM pg_catalog.generate_series(0, pg_catalog.array_upper(p.distkey, 1)) k(nth), pg_catalog.pg_attribute a"
      " WHERE a.attrelid OPERATOR(pg_catalog.=) c.oid AND a.attnum OPERATOR(pg_catalog.=) p.distkey[k.nth])"
      " FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.gp_distribution_policy p ON p.localoid OPERATOR(pg_catalog.=) c.oid"
      " LEFT JOIN pg_catalog.pg_opclass o ON o.oid OPERATOR(pg_catalog.=) p.distclass[0]"
      " WHERE c.oid OPERATOR(pg_catalog.=) $1::pg_catalog.regclass",
      {table.name.Sql()});
  const std::vector<pg::Cell>& row = found.rows.at(0);
  if (row[0] == "v") NotDistributedAsPacked(table, "It is a view.");
  if (row[0] == "x" || row[0] == "f") NotDistributedAsPacked(table, "It is an external table.");
  if (!row[1]) NotDistributedAsPacked(table, "It lies on the coordinator.");
  if (row[1] == "r") NotDistributedAsPacked(table, "It is replicated: every segment has all rows.");
  if (!row[4]) NotDistributedAsPacked(table, "It is distributed randomly.");
  if (row[4] != "__dist_key__") NotDistributedAsPacked(table, "It is distributed by " + *row[4] + ".");
  if (row[3] != "t") NotDistributedAsPacked(table, "It is distributed by an operator class that is not the default one.");
  if (base::WholeInt(row[2]) != pg::SegmentCount()) {
    Misplaced(table, "It lies on " + *row[2] + " of the " + std::to_string(pg::SegmentCount()) + " segments.");
  }
}

}  // namespace

std::vector<int32_t> SegmentMap::SegmentKeys() const {
  std::vector<int32_t> found;
  for (size_t p = 0; p < keys.size(); p += static_cast<size_t>(partitions_each)) found.push_back(keys[p]);
  return found;
}

SegmentMap FindSegments(const PackedTable& table) {
  if (pg::FindColumn(pg::TableColumns(table.name, "packed table"), "__dist_key__") == nullptr) {
    throw Error(ErrorCode::kPrerequisiteState,
                "packed table " + table.name.Text() + " has no column __dist_key__, by which its rows are distributed", "",
                "Pack the data by " + table.packer + " on this cluster.");
  }
  RequirePackersDistribution(table);
  const pg::Result locations =
      pg::Read("SELECT DISTINCT partition_id, gp_segment_id, __dist_key__ FROM " + table.name.Sql() + " ORDER BY 1, 2, 3");
  const auto partitions = static_cast<size_t>(table.spec.num_partitions);
  SegmentMap map;
  for (const auto& row : locations.rows) {
    const auto partition = static_cast<size_t>(base::WholeNumber(row[0].value_or("-1")));
    if (partition != map.keys.size() || !row[2]) Misplaced(table, "Partition " + row[0].value_or("NULL") + " is on more than one segment.");
    map.segments.push_back(base::WholeInt(row[1]));
    map.keys.push_back(base::WholeInt(row[2]));
  }
  if (map.keys.size() != partitions) {
    throw Error(ErrorCode::kDataCorrupted,
                "packed table " + table.name.Text() + " has " + std::to_string(map.keys.size()) + " partitions, its summary says " +
                    std::to_string(partitions),
                "", "Pack the data again by " + table.packer + ".");
  }
  size_t each = 1;
  while (each < partitions && map.segments[each] == map.segments[0]) each++;
  std::set<int> seen;
  for (size_t p = 0; p < partitions; p++) {
    const size_t first = p / each * each;
    if (map.segments[p] != map.segments[first] || map.keys[p] != map.keys[first]) {
      Misplaced(table, "Partition " + std::to_string(p) + " is on segment " + std::to_string(map.segments[p]) + ".");
    }
    if (p == first && !seen.insert(map.segments[p]).second) {
      Misplaced(table, "Segment " + std::to_string(map.segments[p]) + " holds more partitions than others.");
    }
  }
  if (partitions % each != 0) Misplaced(table, "The last segment holds fewer partitions than others.");
  map.partitions_each = static_cast<int>(each);
  map.data_segments = static_cast<int>(partitions / each);
  return map;
}

}  // namespace data
