#include "data/segment_map.hpp"

#include <map>
#include <set>
#include <string>

#include "base/error.hpp"
#include "base/literal.hpp"
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
              detail, "Pack the data again by training_preprocessor_dl(), as after an expansion of the cluster.");
}

}  // namespace

std::vector<int32_t> SegmentMap::SegmentKeys() const {
  std::vector<int32_t> found;
  for (size_t p = 0; p < keys.size(); p += static_cast<size_t>(partitions_each)) found.push_back(keys[p]);
  return found;
}

SegmentMap FindSegments(const PackedTable& table) {
  if (pg::FindColumn(pg::TableColumns(table.name, "packed table"), "__dist_key__") == nullptr) {
    throw Error(ErrorCode::kPrerequisiteState, "packed table " + table.name.Text() + " has no column __dist_key__, by which its rows are distributed",
                "", "Pack the data by training_preprocessor_dl() or validation_preprocessor_dl() on this cluster.");
  }
  const pg::Result locations =
      pg::Read("SELECT DISTINCT partition_id, gp_segment_id, __dist_key__ FROM " + table.name.Sql() + " ORDER BY 1, 2, 3");
  const auto partitions = static_cast<size_t>(table.spec.num_partitions);
  SegmentMap map;
  for (const auto& row : locations.rows) {
    const auto partition = static_cast<size_t>(std::stol(row[0].value_or("-1")));
    if (partition != map.keys.size() || !row[2]) Misplaced(table, "Partition " + row[0].value_or("NULL") + " is on more than one segment.");
    map.segments.push_back(std::stoi(row[1].value()));
    map.keys.push_back(std::stoi(*row[2]));
  }
  if (map.keys.size() != partitions) {
    throw Error(ErrorCode::kDataCorrupted,
                "packed table " + table.name.Text() + " has " + std::to_string(map.keys.size()) + " partitions, its summary says " +
                    std::to_string(partitions),
                "", "Pack the data again by training_preprocessor_dl().");
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
