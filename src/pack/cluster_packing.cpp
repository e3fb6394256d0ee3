#include "pack/cluster_packing.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "base/error.hpp"
#include "base/plain_number.hpp"
#include "pg/cluster.hpp"
#include "pg/report.hpp"
#include "pg/sql.hpp"
#include "data/packed_format.hpp"
#include "data/row_codec.hpp"
#include "data/row_sql.hpp"
#include "pack/buffer_digest.hpp"
#include "pack/buffer_plan.hpp"
#include "pack/cluster_layout.hpp"
#include "pack/source.hpp"
#include "pack/table_writer.hpp"

namespace pack {
namespace {

using base::ColumnSpec;
using base::Error;
using base::ErrorCode;

constexpr int kMostBinBits = 16;
constexpr int64_t kRowsOfBin = 64;
constexpr int64_t kMaxBufferBytes = int64_t{1000} << 20;  // the server's limit of a value, less what a row adds

class ClusterPacking {
 public:
  ClusterPacking(const Source& source, const ClusterPackRequest& request)
      : source_(source), r_(request), stage_(request.output), row_bytes_(data::BufferBuilder(request.spec).row_bytes()) {
    stage_.name = "_cerebro_pack_" + pg::Execute("SELECT pg_catalog.pg_backend_pid()").Text();
    const auto segments = std::min(r_.contents.size(), static_cast<size_t>(r_.partitions));
    const std::vector<int32_t> keys = pg::SegmentKeys();
    for (size_t d = 0; d < segments; ++d) layout_.distribution_keys.push_back(keys.at(static_cast<size_t>(r_.contents[d])));
    layout_.partitions = r_.partitions;
    layout_.plan = r_.plan;
  }

  void Stage();
  void FindCuts();
  void Build();
  Packed Digests();

 private:
  void CreateStage(const pg::TableName& name) const;
  std::string KeySql(const std::string& row, const std::string& repetition, const std::string& fold) const;
  void CountFolds();
  std::string FoldsSql() const { return std::to_string(source_.folds) + "::bigint"; }
  std::string LayoutSql() const { return pg::QuoteLiteral(layout_.Write()) + "::pg_catalog.text"; }

  const Source& source_;
  const ClusterPackRequest& r_;
  pg::TableName stage_;
  size_t row_bytes_;
  ClusterLayout layout_;
};

void ClusterPacking::CreateStage(const pg::TableName& name) const {
  pg::Execute((r_.temporary ? "CREATE TEMPORARY TABLE " : "CREATE UNLOGGED TABLE ") + name.Sql() +
              " (key bigint, packed pg_catalog.bytea)" + pg::DistributedBy("key"));
  pg::Execute("ALTER TABLE " + name.Sql() + " ALTER COLUMN packed SET STORAGE EXTERNAL");
}

std::string ClusterPacking::KeySql(const std::string& row, const std::string& repetition, const std::string& fold) const {
  const std::string seed = "'" + std::to_string(static_cast<int64_t>(r_.seed)) + "'::bigint";
  const std::string key = "cerebro._row_key(" + row + ", " + seed + ", " + repetition + ")";
  return source_.folds == 0 ? key : "cerebro._fold_key(" + key + ", " + fold + ", " + FoldsSql() + ")";
}

void ClusterPacking::CountFolds() {
  if (source_.folds == 0) return;
  layout_.fold_rows.assign(static_cast<size_t>(source_.folds), 0);
  const pg::Result counts = pg::Execute("SELECT cerebro._fold_of_key(s.key, " + FoldsSql() + "), pg_catalog.count(*) FROM " + stage_.Sql() +
                                        " AS s GROUP BY 1");
  for (const auto& row : counts.rows) layout_.fold_rows.at(base::WholeNumber(row[0])) = base::WholeNumber(row[1]);
}

void ClusterPacking::Stage() {
  CreateStage(stage_);
  std::string packed = data::PackRowSql(r_.source_spec, source_.all, source_.WeightName(), "s");
  packed = "cerebro._pack_row_once" + packed.substr(packed.find('('));
  layout_.rows =
      static_cast<int64_t>(pg::Execute("INSERT INTO " + stage_.Sql() + " (key, packed) SELECT " + KeySql("p.packed", "0::bigint", "p.fold") +
                                       ", p.packed FROM (SELECT " + packed + " AS packed" +
                                       (source_.folds == 0 ? "" : ", " + source_.fold + " AS fold") + " FROM " + source_.From() + ") AS p")
                               .processed);
  if (layout_.rows < r_.partitions) {
    throw Error(ErrorCode::kInvalidData, "table " + source_.Text() + " was changed while it was being packed");
  }
  const int64_t repeated = pg::Execute("SELECT pg_catalog.count(*) FROM (SELECT s.key FROM " + stage_.Sql() +
                                       " AS s GROUP BY s.key HAVING pg_catalog.count(*) OPERATOR(pg_catalog.>) 1) AS d")
                               .Int();
  pg::Debug("packed " + std::to_string(layout_.rows) + " rows on the segments, " + std::to_string(repeated) + " keys more than once");
  CountFolds();
  if (repeated == 0) return;
  // rows of equal bytes lie together: number them, and give all but the first the keys of their numbers
  const pg::TableName renumbered = stage_.WithSuffix("_r");
  CreateStage(renumbered);
  pg::Execute("INSERT INTO " + renumbered.Sql() + " (key, packed) SELECT CASE WHEN d.repetition OPERATOR(pg_catalog.=) 1 THEN d.key ELSE " +
              KeySql("d.packed", "d.repetition OPERATOR(pg_catalog.-) 1", "cerebro._fold_of_key(d.key, " + FoldsSql() + ")") +
              " END, d.packed FROM (SELECT s.key, s.packed," +
              " pg_catalog.row_number() OVER (PARTITION BY s.key, s.packed) AS repetition FROM " + stage_.Sql() + " AS s) AS d");
  pg::Execute("DROP TABLE " + stage_.Sql());
  stage_ = renumbered;
}

void ClusterPacking::FindCuts() {
  layout_.cuts.assign(layout_.distribution_keys.size() - 1, {});
  if (layout_.cuts.empty()) return;
  int bits = 1;
  while (bits < kMostBinBits && (layout_.rows >> bits) > kRowsOfBin) ++bits;
  const std::string bin = "s.key OPERATOR(pg_catalog.>>) " + std::to_string(64 - bits);
  const pg::Result bins =
      pg::Execute("SELECT " + bin + " AS bin, pg_catalog.count(*) FROM " + stage_.Sql() + " AS s GROUP BY 1 ORDER BY 1");
  std::string list, wanted;
  std::map<std::pair<int64_t, int64_t>, std::vector<size_t>> positions;  // bin and position in it: cuts
  int64_t before = 0;
  size_t d = 0;
  for (const auto& row : bins.rows) {
    const int64_t id = base::WholeNumber(row[0]), count = base::WholeNumber(row[1]);
    for (bool first = true; d < layout_.cuts.size() && layout_.First(d + 1) < before + count; ++d, first = false) {
      const int64_t position = layout_.First(d + 1) - before + 1;  // of the first row after the cut
      positions[{id, position}].push_back(d);
      if (first) list += (list.empty() ? "" : ", ") + std::to_string(id);
      wanted += (wanted.empty() ? "" : " OR ") + ("(k.bin OPERATOR(pg_catalog.=) " + std::to_string(id) +
                                                  " AND k.nth OPERATOR(pg_catalog.=) " + std::to_string(position) + ")");
    }
    before += count;
  }
  if (before != layout_.rows) throw Error(ErrorCode::kInternal, "the histogram of the keys has " + std::to_string(before) + " rows");
  const std::string window = " OVER (PARTITION BY " + bin + " ORDER BY s.key)";
  const pg::Result cuts = pg::Execute("SELECT k.bin, k.nth, k.key, k.nth OPERATOR(pg_catalog.-) k.first FROM (SELECT " + bin +
                                      " AS bin, s.key, pg_catalog.row_number()" + window + " AS nth, pg_catalog.rank()" + window +
                                      " AS first FROM " + stage_.Sql() + " AS s WHERE " + bin + " OPERATOR(pg_catalog.=) ANY (ARRAY[" +
                                      list + "]::bigint[])) AS k WHERE " + wanted);
  size_t found = 0;
  for (const auto& row : cuts.rows) {
    const auto number = [&row](size_t i) { return base::WholeNumber(row[i]); };
    for (size_t cut : positions.at({number(0), number(1)})) {
      layout_.cuts[cut] = {number(2), number(3)};
      ++found;
    }
  }
  if (found != layout_.cuts.size())
    throw Error(ErrorCode::kInternal, std::to_string(found) + " cuts were found of " + std::to_string(layout_.cuts.size()));
}

void ClusterPacking::Build() {
  const int64_t most = MaxBufferRows(r_.plan, layout_.Ranks());
  if (most * static_cast<int64_t>(row_bytes_) > kMaxBufferBytes) {
    throw Error(ErrorCode::kLimitExceeded,
                "a buffer of " + std::to_string(most) + " rows would have " + std::to_string(most * static_cast<int64_t>(row_bytes_)) +
                    " bytes, at most " + std::to_string(kMaxBufferBytes) + " are possible",
                "", "Choose a smaller buffer_size, or leave it out.");
  }
  CreatePackedTable(r_.output, r_.temporary, r_.spec, most);
  const std::string layout = LayoutSql();
  // the columns of a buffer, from its rows one after another
  std::string columns, shapes;
  size_t offset = 0;
  const auto add = [&](size_t width) {
    columns +=
        ", cerebro._pack_column(b.data, " + std::to_string(row_bytes_) + ", " + std::to_string(offset) + ", " + std::to_string(width) + ")";
    offset += width;
  };
  for (const ColumnSpec* c : DataColumns(r_.spec)) {
    add(c->row_bytes());
    shapes += ", ARRAY[b.rows";
    for (int64_t d : c->shape) shapes += ", " + std::to_string(d);
    shapes += "]::integer[]";
  }
  if (r_.spec.has_weights) add(sizeof(float));
  // only rows of equal key, which hashes hardly ever have, need their position among them
  const bool ties = std::any_of(layout_.cuts.begin(), layout_.cuts.end(), [](const ClusterLayout::Cut& cut) { return cut.nth > 0; });
  const std::string nth = ties ? "pg_catalog.row_number() OVER (PARTITION BY s.key ORDER BY s.packed)" : "1";
  const std::string placed = "SELECT cerebro._pack_key(" + layout +
                             ", t.key, t.nth) AS dist_key, t.key, t.packed FROM (SELECT s.key, s.packed, " + nth + "::bigint AS nth FROM " +
                             stage_.Sql() + " AS s) AS t";
  const std::string ranked =
      "SELECT p.dist_key, p.packed, pg_catalog.row_number() OVER (PARTITION BY p.dist_key ORDER BY p.key, p.packed) AS nth FROM (" + placed +
      ") AS p";
  const std::string positioned =
      "SELECT n.dist_key, cerebro._pack_position(" + layout + ", n.dist_key, n.nth) AS buffer_position, n.nth, n.packed FROM (" + ranked + ") AS n";
  const std::string buffers =
      "SELECT r.dist_key, r.buffer_position, pg_catalog.count(*)::integer AS rows,"
      " pg_catalog.string_agg(r.packed, ''::pg_catalog.bytea ORDER BY r.nth) AS data FROM (" +
      positioned + ") AS r GROUP BY r.dist_key, r.buffer_position";
  pg::Execute("INSERT INTO " + r_.output.Sql() + " SELECT b.dist_key" + columns + shapes +
              ", (b.buffer_position OPERATOR(pg_catalog.>>) 32)::integer, (b.buffer_position OPERATOR(pg_catalog.&) 4294967295::bigint)::integer FROM (" +
              buffers + ") AS b");
  pg::Execute("DROP TABLE " + stage_.Sql());
  pg::Execute("CREATE INDEX ON " + r_.output.Sql() + " (" + data::kPartitionColumn + ", " + data::kBufferColumn + ")");
  pg::Execute("ANALYZE " + r_.output.Sql());  // all columns: a reader of one without statistics is told so
}

Packed ClusterPacking::Digests() {
  std::string columns, flags;
  for (const ColumnSpec* c : DataColumns(r_.spec)) columns += ", t." + pg::QuoteIdent(c->name);
  if (r_.spec.has_weights) columns += std::string(", t.") + data::kWeightColumn;
  for (bool flag : r_.standardized) flags += flag ? 't' : 'f';
  const base::DataSpec bare = BareSpec(r_.spec);
  const pg::Result digests =
      pg::Execute("SELECT t.partition_id, t.buffer_id, cerebro._buffer_digest(" + pg::QuoteLiteral(base::WriteDataSpec(bare)) +
                  "::pg_catalog.text, '" + flags + "'::pg_catalog.text" + columns + ") FROM " + r_.output.Sql() + " AS t ORDER BY 1, 2");
  PackTally tally(r_.spec, layout_.Ranks());
  for (const auto& row : digests.rows) {
    const std::string& digest = row[2].value();
    tally.Add(base::WholeNumber(row[0]), base::WholeNumber(row[1]),
              ReadBufferDigest(r_.spec, r_.standardized, {reinterpret_cast<const uint8_t*>(digest.data()), digest.size()}));
  }
  return tally.Finish();
}

}  // namespace

Packed PackOnCluster(const Source& source, const ClusterPackRequest& request) {
  ClusterPacking packing(source, request);
  packing.Stage();
  packing.FindCuts();
  packing.Build();
  return packing.Digests();
}

}  // namespace pack
