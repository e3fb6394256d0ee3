#include "pack/cluster_keys.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "base/error.hpp"
#include "base/plain_number.hpp"
#include "pg/names.hpp"
#include "pg/sql.hpp"

namespace pack {
namespace {

using base::Error;
using base::ErrorCode;

constexpr const char* kHint =
    "Give 'all_segments', 'gpu_segments', or the name of a table whose integer column dbid lists primary segments.";

struct Primary {
  int64_t dbid = 0;
  int32_t content = 0;
  std::string host;
};

std::vector<Primary> Primaries() {
  const pg::Result rows = pg::Execute(
      "SELECT c.dbid, c.content, c.hostname FROM pg_catalog.gp_segment_configuration AS c WHERE c.role OPERATOR(pg_catalog.=) 'p'"
      " AND c.content OPERATOR(pg_catalog.>=) 0 ORDER BY c.content");
  std::vector<Primary> primaries;
  for (const auto& row : rows.rows) {
    primaries.push_back({base::WholeNumber(row[0]), base::WholeInt(row[1]), row[2].value_or("")});
  }
  return primaries;
}

/// Segments of one host see the same devices, but for a primary that is down while its mirror elsewhere acts: hosts are asked, as MADlib
/// does.
std::set<std::string> HostsWithDevices(const std::vector<Primary>& primaries) {
  const pg::Result rows = pg::Execute("SELECT g.gp_segment_id, cerebro._device_count() FROM gp_dist_random('pg_catalog.gp_id') AS g");
  std::map<int32_t, int> devices;
  for (const auto& row : rows.rows) devices[base::WholeInt(row[0])] = static_cast<int>(base::WholeOrZero(row[1]));
  std::set<std::string> hosts;
  for (const Primary& p : primaries) {
    if (devices[p.content] > 0) hosts.insert(p.host);
  }
  if (hosts.empty()) {
    throw Error(ErrorCode::kPrerequisiteState, "no segment has a GPU",
                "distribution_rules is 'gpu_segments', but no CUDA device is seen on any host.",
                "Leave distribution_rules out, or give 'all_segments'; a build of pg_cerebro with CUDA is needed to see devices.");
  }
  return hosts;
}

SegmentChoice Choose(const std::vector<Primary>& primaries, const std::set<int64_t>& dbids) {
  SegmentChoice choice;
  choice.dbids.emplace();
  for (const Primary& p : primaries) {
    if (dbids.count(p.dbid) == 0) continue;
    choice.contents.push_back(p.content);
    choice.dbids->push_back(p.dbid);
  }
  return choice;
}

std::set<int64_t> ReadRules(const std::string& rules, const std::vector<Primary>& primaries) {
  const pg::TableName table = pg::ParseTableName(rules, "distribution_rules");
  if (!pg::TableExists(table)) {
    throw Error(ErrorCode::kUndefinedTable, "table \"" + table.name + "\" of distribution_rules does not exist", "", kHint);
  }
  const std::vector<pg::Column> columns = pg::TableColumns(table, "distribution_rules");
  const pg::Column* dbid = pg::FindColumn(columns, "dbid");
  if (dbid == nullptr) {
    throw Error(ErrorCode::kUndefinedColumn, "table \"" + table.name + "\" of distribution_rules has no column dbid", "", kHint);
  }
  if (dbid->type != "integer" && dbid->type != "smallint" && dbid->type != "bigint") {
    throw Error(ErrorCode::kDatatypeMismatch, "column dbid of distribution_rules has type " + dbid->type, "", kHint);
  }
  const pg::Result rows = pg::Execute("SELECT t.dbid FROM " + table.Sql() + " AS t ORDER BY 1");
  if (rows.empty()) throw Error(ErrorCode::kInvalidParameter, "table \"" + table.name + "\" of distribution_rules is empty", "", kHint);
  std::set<int64_t> chosen;
  for (const auto& row : rows.rows) {
    const std::string text = row[0].value_or("NULL");
    const int64_t id = base::WholeOrZero(row[0]);
    const bool primary = row[0] && std::any_of(primaries.begin(), primaries.end(), [id](const Primary& p) { return p.dbid == id; });
    if (!primary) {
      throw Error(ErrorCode::kInvalidParameter,
                  "dbid " + text + " in table \"" + table.name + "\" of distribution_rules is no primary segment", "",
                  "SELECT dbid FROM gp_segment_configuration WHERE role = 'p' AND content >= 0 lists them.");
    }
    if (!chosen.insert(id).second) {
      throw Error(ErrorCode::kInvalidParameter, "table \"" + table.name + "\" of distribution_rules has dbid " + text + " more than once",
                  "", "List every segment once.");
    }
  }
  return chosen;
}

}  // namespace

int SegmentChoice::Segments(int64_t rows) const { return static_cast<int>(std::min<int64_t>(static_cast<int64_t>(contents.size()), rows)); }

SegmentChoice ChooseSegments(const std::optional<std::string>& rules) {
  const std::vector<Primary> primaries = Primaries();
  if (!rules || *rules == "all_segments") {
    SegmentChoice all;
    for (const Primary& p : primaries) all.contents.push_back(p.content);
    return all;
  }
  std::set<int64_t> dbids;
  if (*rules == "gpu_segments") {
    const std::set<std::string> hosts = HostsWithDevices(primaries);
    for (const Primary& p : primaries) {
      if (hosts.count(p.host) > 0) dbids.insert(p.dbid);
    }
  } else {
    dbids = ReadRules(*rules, primaries);
  }
  return Choose(primaries, dbids);
}

int ClusterPartitions(const SegmentChoice& choice, int64_t rows, const std::optional<int32_t>& asked, int64_t most) {
  const int segments = choice.Segments(rows);
  if (!asked) return static_cast<int>(std::min<int64_t>(segments, most));
  if (*asked < segments || *asked % segments == 0) return *asked;
  throw Error(
      ErrorCode::kInvalidParameter,
      "num_partitions is " + std::to_string(*asked) + ", which is no multiple of the " + std::to_string(segments) + " data segments",
      "Every segment holds as many partitions as every other.",
      "Give a multiple of " + std::to_string(segments) + ", a smaller number, or leave it out.");
}

int ClusterFoldPartitions(const SegmentChoice& choice, int64_t rows, const std::optional<int32_t>& asked, int64_t most, int folds) {
  if (asked) return ClusterPartitions(choice, rows, asked, most);
  const int segments = choice.Segments(rows);
  const int64_t both = std::lcm<int64_t>(segments, folds);
  if (both <= most) return static_cast<int>(both);
  if (folds <= segments || folds % segments == 0) return folds;
  if (both <= rows) return static_cast<int>(both);
  throw Error(ErrorCode::kInvalidParameter,
              std::to_string(folds) + " folds cannot be laid out on " + std::to_string(segments) + " data segments with " + std::to_string(rows) +
                  " rows",
              "Each fold is a number of whole partitions, and every segment holds as many partitions as every other: " + std::to_string(both) +
                  " would be needed.",
              "Ask for " + std::to_string(segments) + " folds, or give distribution_rules with fewer segments.");
}

int FittingPartitions(const SegmentChoice& choice, int64_t rows, int wanted) {
  const int segments = choice.Segments(rows);
  const auto most = static_cast<int>(std::min<int64_t>(wanted, rows));
  return most <= segments ? most : most - most % segments;
}

}  // namespace pack
