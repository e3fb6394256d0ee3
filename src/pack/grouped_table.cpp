#include "pack/grouped_table.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "base/plain_number.hpp"
#include "data/packed_format.hpp"
#include "data/row_codec.hpp"
#include "data/row_sql.hpp"
#include "pack/group_layout.hpp"
#include "pack/table_writer.hpp"
#include "pg/cluster.hpp"
#include "pg/report.hpp"
#include "pg/sql.hpp"

namespace pack {
namespace {

using base::ColumnSpec;
using base::Error;
using base::ErrorCode;

constexpr int64_t kMaxBufferBytes = int64_t{1000} << 20;  // the server's limit of a value, less what a row adds

/// The columns by which buffers are found. ANALYZE keeps the whole rows of its sample, 300 for each unit of its target, and
/// rows of buffers are wide.
void AnalyzeBuffers(const pg::TableName& table) {
  if (pg::OnGreenplum()) {
    pg::Execute("ANALYZE " + table.Sql());
    return;
  }
  const auto set_target = [](const std::string& target) {
    pg::Execute("SELECT pg_catalog.set_config('default_statistics_target', $1, true)", {target});
  };
  const std::string target = pg::Execute("SELECT pg_catalog.current_setting('default_statistics_target')").Text();
  set_target("10");
  pg::Execute("ANALYZE " + table.Sql() + " (" + data::kGroupColumn + ", " + data::kPartitionColumn + ", " +
              data::kBufferColumn + ")");
  set_target(target);
}

}  // namespace

GroupedTableWriter::GroupedTableWriter(const Source& half, const GroupRows& rows, bool validates,
                                       const pg::TableName& output, bool temporary, const base::DataSpec& spec,
                                       const BufferPlan& plan, uint64_t seed)
    : half_(half),
      sizes_(rows.sizes()),
      output_(output),
      stage_(output),
      validates_(validates),
      temporary_(temporary),
      spec_(spec),
      plan_(plan),
      seed_("'" + std::to_string(static_cast<int64_t>(seed)) + "'::bigint"),
      row_bytes_(data::BufferBuilder(spec).row_bytes()),
      largest_rows_(validates ? rows.largest_validation_rows() : rows.largest_rows()),
      classes_(ClassCounts(spec)) {
  const int64_t most = std::min(plan_.rows, largest_rows_);
  if (most * static_cast<int64_t>(row_bytes_) > kMaxBufferBytes) {
    throw Error(ErrorCode::kLimitExceeded,
                "a buffer of " + std::to_string(most) + " rows would have " +
                    std::to_string(most * static_cast<int64_t>(row_bytes_)) + " bytes, at most " +
                    std::to_string(kMaxBufferBytes) + " are possible",
                "", "Choose a smaller buffer_size, or leave it out.");
  }
  stage_.name = "_cerebro_pack_" + pg::Execute("SELECT pg_catalog.pg_backend_pid()").Text();
  pg::Execute((temporary_ ? "CREATE TEMPORARY TABLE " : "CREATE UNLOGGED TABLE ") + stage_.Sql() +
              " (group_id bigint, group_rows bigint, partitions integer, key bigint, packed pg_catalog.bytea)" +
              pg::DistributedBy("group_id"));
  pg::Execute("ALTER TABLE " + stage_.Sql() + " ALTER COLUMN packed SET STORAGE EXTERNAL");
}

void GroupedTableWriter::StageGroup(const base::DataSpec& source_spec, int64_t group_id) {
  const std::string id = " OPERATOR(pg_catalog.=) '" + std::to_string(group_id) + "'::bigint";
  Insert(source_spec, std::string(" AND ") + kCopiedGroup + id + " AND z.group_id" + id);
}

// A row is converted once: OFFSET 0 keeps the planner from doing it twice; on a cluster, where that gathers rows, the
// function is volatile.
void GroupedTableWriter::Insert(const base::DataSpec& source_spec, const std::string& condition) {
  std::string packed = data::PackRowSql(source_spec, half_.all, half_.WeightName(), "s");
  if (pg::OnGreenplum()) packed = "cerebro._pack_row_once" + packed.substr(packed.find('('));
  const std::string rows = validates_ ? "z.validation_rows" : "z.group_rows";
  const std::string partitions =
      validates_ ? "GREATEST(1::bigint, LEAST(z.partitions::bigint, z.validation_rows))::integer" : "z.partitions";
  pg::Execute("INSERT INTO " + stage_.Sql() +
              " SELECT p.group_id, p.group_rows, p.partitions, cerebro._row_key(p.packed, " + seed_ +
              ", 0::bigint), p.packed FROM (SELECT z.group_id, " + rows + " AS group_rows, " + partitions +
              " AS partitions, " + packed + " AS packed FROM " + half_.name.Sql() + " AS s JOIN " + sizes_.Sql() +
              " AS z ON z.group_id OPERATOR(pg_catalog.=) " + kCopiedGroup + " WHERE " + half_.filter +
              (validates_ ? "" : " AND z.partitions OPERATOR(pg_catalog.>) 0") + condition +
              (pg::OnGreenplum() ? "" : " OFFSET 0") + ") AS p");
}

/// The staged rows, of which those that repeat another of their group have the keys of their numbers.
std::string GroupedTableWriter::NumberedSql() const {
  const int64_t repeated =
      pg::Execute("SELECT pg_catalog.count(*) FROM (SELECT 1 FROM " + stage_.Sql() +
                  " AS s GROUP BY s.group_id, s.key HAVING pg_catalog.count(*) OPERATOR(pg_catalog.>) 1) AS d")
          .Int();
  pg::Debug(std::to_string(repeated) + " keys are there more than once in their group");
  if (repeated == 0) return stage_.Sql();
  return "(SELECT d.group_id, d.group_rows, d.partitions, CASE WHEN d.repetition OPERATOR(pg_catalog.=) 1 THEN d.key "
         "ELSE"
         " cerebro._row_key(d.packed, " +
         seed_ +
         ", d.repetition OPERATOR(pg_catalog.-) 1) END AS key, d.packed FROM (SELECT s.group_id, s.group_rows, "
         "s.partitions, s.key,"
         " s.packed, pg_catalog.row_number() OVER (PARTITION BY s.group_id, s.key, s.packed) AS repetition FROM " +
         stage_.Sql() + " AS s) AS d)";
}

Packed GroupedTableWriter::Write() {
  pg::Execute("ANALYZE " + stage_.Sql() + " (group_id, key)");
  CreatePackedTable(output_, temporary_, spec_, std::min(plan_.rows, largest_rows_), true);
  std::string columns, shapes;
  size_t offset = 0;
  const auto add = [&](size_t width) {
    columns += ", cerebro._pack_column(b.data, " + std::to_string(row_bytes_) + ", " + std::to_string(offset) + ", " +
               std::to_string(width) + ")";
    offset += width;
  };
  for (const ColumnSpec* c : DataColumns(spec_)) {
    add(c->row_bytes());
    shapes += ", ARRAY[b.rows";
    for (const int64_t d : c->shape) shapes += ", " + std::to_string(d);
    shapes += "]::integer[]";
  }
  if (spec_.has_weights) add(sizeof(float));
  const std::string ranked =
      "SELECT r.group_id, r.group_rows, r.partitions, r.packed, pg_catalog.row_number() OVER (PARTITION BY r.group_id "
      "ORDER BY r.key,"
      " r.packed) AS nth FROM " +
      NumberedSql() + " AS r";
  const std::string positioned = "SELECT n.group_id, cerebro._group_position(" + std::to_string(plan_.rows) +
                                 "::bigint, " + (plan_.exact ? "true" : "false") +
                                 ", n.group_rows, n.partitions, n.nth) AS buffer_position, n.nth, n.packed FROM (" +
                                 ranked + ") AS n";
  const std::string buffers =
      "SELECT p.group_id, p.buffer_position, pg_catalog.count(*)::integer AS rows,"
      " pg_catalog.string_agg(p.packed, ''::pg_catalog.bytea ORDER BY p.nth) AS data FROM (" +
      positioned + ") AS p GROUP BY p.group_id, p.buffer_position";
  const pg::Result inserted = pg::Execute("INSERT INTO " + output_.Sql() +
                                          " SELECT b.group_id, (b.buffer_position OPERATOR(pg_catalog.>>) "
                                          "32)::integer, (b.buffer_position OPERATOR(pg_catalog.&)"
                                          " 4294967295::bigint)::integer" +
                                          columns + shapes + " FROM (" + buffers + ") AS b" +
                                          // segments write what they have; an order of all rows would gather them
                                          (pg::OnGreenplum() ? "" : " ORDER BY b.group_id, b.buffer_position"));
  pg::Execute("DROP TABLE " + stage_.Sql());
  pg::Execute("ALTER TABLE " + output_.Sql() + " ADD PRIMARY KEY (" + data::kGroupColumn + ", " +
              data::kPartitionColumn + ", " + data::kBufferColumn + ")");
  AnalyzeBuffers(output_);
  const std::string shape = "t." + pg::QuoteIdent(DataColumns(spec_).front()->name + data::kShapeSuffix) + "[1]";
  const pg::Result counts = pg::Execute("SELECT pg_catalog.sum(" + shape + "), pg_catalog.max(" + shape + ") FROM " +
                                        output_.Sql() + " AS t");
  Packed packed;
  packed.spec = spec_;
  packed.spec.num_partitions = 1;
  packed.spec.rows = base::WholeOrZero(counts.at(0, 0));
  packed.partition_rows = {packed.spec.rows};
  packed.partition_buffers = {static_cast<int64_t>(inserted.processed)};
  packed.max_buffer_rows = base::WholeOrZero(counts.at(0, 1));
  return packed;
}

std::string GroupedTableWriter::EntriesSql() const {
  std::string columns;
  for (const ColumnSpec* c : DataColumns(spec_)) columns += ", t." + pg::QuoteIdent(c->name);
  if (spec_.has_weights) columns += std::string(", t.") + data::kWeightColumn;
  const base::DataSpec bare = BareSpec(spec_);
  const std::string flags(bare.inputs.size(), 'f');
  return "SELECT e.group_id, pg_catalog.string_agg(cerebro._group_entry(e.partition_id, e.buffer_id, e.digest), "
         "''::pg_catalog.bytea"
         " ORDER BY e.partition_id, e.buffer_id) AS entries FROM (SELECT t.group_id, t.partition_id, t.buffer_id, "
         "cerebro._buffer_digest(" +
         pg::QuoteLiteral(base::WriteDataSpec(bare)) + "::pg_catalog.text, '" + flags + "'::pg_catalog.text" + columns +
         ") AS digest FROM " + output_.Sql() + " AS t) AS e GROUP BY e.group_id";
}

}  // namespace pack
