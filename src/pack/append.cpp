// The new rows are packed into a temporary table, as any others are; its buffers are then written behind those of the packed table. So a row costs
// two writes, and nothing of the table is read but its summary. A partition of the temporary table becomes part of one of the packed table's.
#include "pack/append.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/plain_number.hpp"
#include "data/packed_format.hpp"
#include "data/packed_table.hpp"
#include "data/row_claim.hpp"
#include "data/row_codec.hpp"
#include "data/row_sql.hpp"
#include "data/segment_map.hpp"
#include "pack/buffer_plan.hpp"
#include "pack/cluster_keys.hpp"
#include "pack/cluster_packing.hpp"
#include "pack/null_labels.hpp"
#include "pack/row_split.hpp"
#include "pack/preprocessed_columns.hpp"
#include "pack/schema_inference.hpp"
#include "pack/sorted_staging.hpp"
#include "pack/source.hpp"
#include "pack/source_profile.hpp"
#include "pack/summary_table.hpp"
#include "pack/table_writer.hpp"
#include "pg/cluster.hpp"
#include "pg/report.hpp"
#include "pg/snapshot.hpp"
#include "pg/sql.hpp"

namespace pack {
namespace {

using base::Error;
using base::ErrorCode;

std::string QuotedList(const pg::Cell& array) {
  std::string list;
  for (const pg::Cell& cell : pg::ParseArrayText(array.value_or("{}"))) list += (list.empty() ? "" : ", ") + pg::QuoteIdent(cell.value_or(""));
  return list;
}

std::string IntegerArray(const std::vector<int64_t>& values) {
  std::string text = "'{";
  for (size_t i = 0; i < values.size(); ++i) text += (i > 0 ? "," : "") + std::to_string(values[i]);
  return text + "}'::pg_catalog.int4[]";
}

/// What the summary says of how the table was packed.
struct PackedAs {
  std::string inputs, targets;  // names, as lists
  int64_t buffer_rows = 1;
};

PackedAs ReadPackedAs(const pg::TableName& summary) {
  const pg::Result row = pg::Read("SELECT s.independent_varname::pg_catalog.text, s.dependent_varname::pg_catalog.text, s.buffer_size::pg_catalog.int8 FROM " +
                                  summary.Sql() + " AS s");
  if (row.empty() || !row.at(0, 0) || !row.at(0, 1) || !row.at(0, 2)) {
    throw Error(ErrorCode::kDataCorrupted, "summary table " + summary.Text() + " does not say how its table was packed");
  }
  return {QuotedList(row.at(0, 0)), QuotedList(row.at(0, 1)), std::max<int64_t>(1, base::WholeNumber(row.at(0, 2)))};
}

/// Packs the source into `output`, a temporary table.
Packed PackNewRows(const Source& source, const pg::TableName& output, const SpecPair& specs, int64_t rows, int partitions, const BufferPlan& plan,
                   int64_t seed) {
  const std::vector<bool> standardized(specs.data.inputs.size(), false);  // by the constants that are there
  if (pg::OnGreenplum()) {
    std::vector<int32_t> contents(static_cast<size_t>(pg::SegmentCount()));
    std::iota(contents.begin(), contents.end(), 0);
    return PackOnCluster(source, {output, true, specs.data, specs.source, standardized, partitions, plan, static_cast<uint64_t>(seed), contents});
  }
  SortedStaging stage(output, true, rows, data::BufferBuilder(specs.data).row_bytes());
  const int64_t packed = stage.Fill(source, specs.source, static_cast<uint64_t>(seed)).front();
  if (packed < partitions) throw Error(ErrorCode::kInvalidData, "table " + source.Text() + " was changed while it was being packed");
  TableWriter writer(output, true, specs.data, PartitionRanks(packed, partitions), plan, standardized);
  stage.ForEach([&writer](std::string_view row) { writer.Add(row); });
  Packed result = writer.Finish();
  stage.Drop();
  return result;
}

void InsertBuffers(const data::PackedTable& table, const pg::TableName& from, const base::DataSpec& named, const std::vector<int>& targets) {
  std::string into, selected;
  const auto add = [&](const std::string& column, const std::string& value) {
    into += (into.empty() ? "" : ", ") + column;
    selected += (selected.empty() ? "" : ", ") + value;
  };
  std::vector<int64_t> partitions, buffers, keys;
  const std::vector<int32_t> all_keys = pg::OnGreenplum() ? data::FindSegments(table).keys : std::vector<int32_t>();
  for (const int target : targets) {
    partitions.push_back(target);
    buffers.push_back(table.partition_buffers[static_cast<size_t>(target)]);
    if (!all_keys.empty()) keys.push_back(all_keys[static_cast<size_t>(target)]);
  }
  const auto of_partition = [](const std::vector<int64_t>& values) {
    return "(" + IntegerArray(values) + ")[t.partition_id OPERATOR(pg_catalog.+) 1]";
  };
  const std::vector<const base::ColumnSpec*> mine = DataColumns(table.spec), theirs = DataColumns(named);
  for (size_t i = 0; i < mine.size(); ++i) add(pg::QuoteIdent(mine[i]->name), "t." + pg::QuoteIdent(theirs[i]->name));
  if (table.spec.has_weights) add(data::kWeightColumn, std::string("t.") + data::kWeightColumn);
  for (size_t i = 0; i < mine.size(); ++i) {
    add(pg::QuoteIdent(mine[i]->name + data::kShapeSuffix), "t." + pg::QuoteIdent(theirs[i]->name + data::kShapeSuffix));
  }
  if (!keys.empty()) add(data::kDistributionColumn, of_partition(keys));
  add(data::kPartitionColumn, of_partition(partitions));
  add(data::kBufferColumn, "t.buffer_id OPERATOR(pg_catalog.+) " + of_partition(buffers));
  pg::Execute("INSERT INTO " + table.name.Sql() + " (" + into + ") SELECT " + selected + " FROM " + from.Sql() + " AS t");
}

void UpdateSummary(const data::PackedTable& table, const pg::TableName& summary, const Packed& more, const std::vector<int>& targets) {
  base::DataSpec spec = table.spec;
  std::vector<int64_t> rows = table.partition_rows, buffers = table.partition_buffers;
  base::Hasher hasher(0);
  hasher.Update(table.digest.data(), table.digest.size());
  hasher.Update(more.digest.data(), more.digest.size());
  for (size_t p = 0; p < targets.size(); ++p) {
    const auto target = static_cast<size_t>(targets[p]);
    hasher.UpdateU64(target);
    rows[target] += more.partition_rows[p];
    buffers[target] += more.partition_buffers[p];
  }
  spec.rows += more.spec.rows;
  for (size_t t = 0; t < spec.targets.size(); ++t) {
    std::vector<int64_t>& class_rows = spec.targets[t].class_rows;  // not there in tables of earlier versions
    for (size_t c = 0; c < class_rows.size(); ++c) class_rows[c] += more.spec.targets[t].class_rows[c];
  }
  if (pg::FindColumn(pg::TableColumns(summary, "packed_table"), data::kEarlierDigestsColumn) == nullptr) {
    pg::Execute("ALTER TABLE " + summary.Sql() + " ADD COLUMN " + data::kEarlierDigestsColumn + " pg_catalog.text[]");
  }
  const pg::Result updated = pg::Execute("UPDATE " + summary.Sql() + " SET rows = $1, data_spec = $2::pg_catalog.json, digest = $3, partition_rows = $4, partition_buffers ="
              " $5::pg_catalog.int4[], max_buffer_rows = $6, " + data::kEarlierDigestsColumn + " = pg_catalog.array_append(" +
                  data::kEarlierDigestsColumn + ", $7) WHERE digest OPERATOR(pg_catalog.=) $7",
              {spec.rows, base::WriteDataSpec(spec), base::ToHex(hasher.Finish()), rows, buffers,
               std::max(table.max_buffer_rows, more.max_buffer_rows), table.digest});
  if (updated.processed == 1) return;
  throw Error(ErrorCode::kPrerequisiteState, "packed table " + table.name.Text() + " was changed while rows were appended to it", "",
              "Append them again.");
}

}  // namespace

int64_t AppendRows(const std::string& packed_table, const std::string& source_table, const std::optional<std::string>& sample_weight) {
  const pg::TableName named = pg::ParseTableName(packed_table, "packed_table");
  pg::ClaimOutput(named, "packed_table");
  data::ClaimForChange(named);
  // another call may have appended rows in this very statement, or another session until just now
  const pg::FreshSnapshot newest;
  const data::PackedTable table = data::OpenPackedTable(packed_table, "packed_table");
  const pg::TableName summary = table.name.WithSuffix("_summary");
  pg::RequireOwner(table.name);
  pg::RequireOwner(summary);
  if (table.spec.has_weights != sample_weight.has_value()) {
    throw Error(ErrorCode::kInvalidParameter,
                "packed table " + table.name.Text() + (table.spec.has_weights ? " has sample weights: sample_weight must be given"
                                                                               : " has no sample weights: sample_weight cannot be given"),
                "", table.spec.has_weights ? "Name the source's column of sample weights." : "Leave the argument out.");
  }
  if (table.folds > 0) {
    throw Error(ErrorCode::kFeatureNotSupported, "packed table " + table.name.Text() + " has " + std::to_string(table.folds) +
                                                     " folds: rows cannot be appended to it",
                "Rows of equal contents lie in one fold, and each fold has its share of every class.",
                "Add the rows to the source table, and pack it again.");
  }
  const PackedAs as = ReadPackedAs(summary);
  std::vector<base::TargetKind> kinds;
  for (const base::ColumnSpec& c : table.spec.targets) kinds.push_back(c.kind);
  Source source = OpenSource(source_table, as.inputs, as.targets, kinds, sample_weight, ClassesOf(table.spec));
  for (size_t i = 0; i < source.targets; ++i) {
    SourceColumn& c = source.columns[source.inputs + i];
    c.form = data::LabelFormOf(c.column, table.spec.targets[i].class_values);
  }
  LeaveOutNullLabels(&source);
  const Profile profile = ProfileSource(source);
  const SpecPair specs = DescribeValidation(source, profile, table.spec);
  const int partitions = pg::OnGreenplum() ? FittingPartitions(ChooseSegments(std::nullopt), profile.rows, table.spec.num_partitions)
                                           : static_cast<int>(std::min<int64_t>(table.spec.num_partitions, profile.rows));
  BufferPlan plan;
  plan.rows = as.buffer_rows;
  pg::TableName stage{"pg_temp", "_cerebro_append_" + pg::Execute("SELECT pg_catalog.pg_backend_pid()").Text()};
  const Packed more = PackNewRows(source, stage, specs, profile.rows, partitions, plan, ReadSummaryConstants(table.name).seed);
  const std::vector<int> targets = AssignPartitions(table.partition_rows, more.partition_rows);
  InsertBuffers(table, stage, more.spec, targets);
  pg::Execute("DROP TABLE " + stage.Sql());
  UpdateSummary(table, summary, more, targets);
  pg::Execute("ANALYZE " + table.name.Sql() + " (" + data::kPartitionColumn + ", " + data::kBufferColumn + ")");
  pg::Debug("appended " + std::to_string(more.spec.rows) + " rows to " + std::to_string(targets.size()) + " partitions of " + table.name.Text());
  return more.spec.rows;
}

}  // namespace pack
