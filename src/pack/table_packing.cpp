#include "pack/table_packing.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "base/error.hpp"
#include "data/row_codec.hpp"
#include "pack/buffer_plan.hpp"
#include "pack/cluster_packing.hpp"
#include "pack/partition_ranks.hpp"
#include "pack/sorted_staging.hpp"
#include "pack/table_writer.hpp"
#include "pg/cluster.hpp"
#include "pg/settings.hpp"

namespace pack {

using base::Error;
using base::ErrorCode;

Output OpenOutput(const pg::TableName& name) {
  Output out;
  out.table = name;
  out.summary = out.table.WithSuffix("_summary");
  for (const pg::TableName& table : {out.table, out.summary}) pg::ClaimOutput(table, "output_table");
  pg::RequireAbsent(out.table, "output_table");
  pg::RequireAbsent(out.summary, "output_table");
  pg::RequireCreate(out.table);
  out.temporary = out.table.schema.rfind("pg_temp", 0) == 0;
  return out;
}

std::vector<bool> StandardizedInputs(const Source& source, const base::DataSpec& spec, bool training) {
  std::vector<bool> standardized;
  size_t next = 0;
  for (const base::ColumnSpec& c : spec.inputs) {
    if (!training || spec.preprocessing) {  // what is preprocessed has other columns than its source
      standardized.push_back(training && c.exact_standardisation);
      continue;
    }
    bool any = false;  // of its members
    for (const size_t end = next + std::max<size_t>(c.members.size(), 1); next < end; ++next)
      any = any || IsQuantity(source.columns[next]);
    standardized.push_back(any);
  }
  return standardized;
}

void KeepOthers(const Source& source, std::vector<base::ColumnSpec>* inputs) {
  size_t next = 0;
  for (base::ColumnSpec& c : *inputs) {
    for (size_t m = 0; m < c.members.size() && !c.mean.empty(); ++m) {
      if (IsQuantity(source.columns[next + m])) continue;
      c.mean[m] = 0;
      c.std[m] = c.scale;
    }
    next += std::max<size_t>(c.members.size(), 1);
  }
}

base::DataSpec PackTable(const Source& source, const Output& output, const SpecPair& specs, int64_t rows,
                         int partitions, const SegmentChoice& choice, PackSummary summary,
                         const std::optional<int32_t>& buffer_size, bool standardize) {
  const size_t row_bytes = data::BufferBuilder(specs.data).row_bytes();
  const BufferPlan plan = PlanBuffers(buffer_size, pg::CurrentSettings().buffer_bytes, row_bytes);
  const std::vector<bool> standardized = StandardizedInputs(source, specs.data, standardize);
  const auto seed = static_cast<uint64_t>(summary.seed);
  if (pg::OnGreenplum()) {
    summary.packed = PackOnCluster(source, {output.table, output.temporary, specs.data, specs.source, standardized,
                                            partitions, plan, seed, choice.contents});
  } else {
    SortedStaging stage(output.table, output.temporary, rows, row_bytes);
    const PartitionRanks ranks(stage.Fill(source, specs.source, seed), partitions);
    if (ranks.rows() < partitions) {
      throw Error(ErrorCode::kInvalidData, "table " + source.Text() + " was changed while it was being packed");
    }
    TableWriter writer(output.table, output.temporary, specs.data, ranks, plan, standardized);
    stage.ForEach([&writer](std::string_view row) { writer.Add(row); });
    summary.packed = writer.Finish();
    stage.Drop();
  }
  if (standardize && !specs.data.preprocessing) KeepOthers(source, &summary.packed.spec.inputs);
  summary.buffer_size = plan.rows;
  summary.folds = source.folds;
  if (choice.dbids) {
    summary.dbids = choice.dbids;
    summary.contents.emplace(choice.contents.begin(), choice.contents.end());
  }
  WriteSummary(output.summary, output.temporary, source, summary);
  return summary.packed.spec;
}

std::string CountOfRows(int64_t rows) { return std::to_string(rows) + (rows == 1 ? " row" : " rows"); }

int TrainingPartitions(const TrainingPackArguments& a, const Source& source, const SegmentChoice& choice,
                       int64_t rows) {
  if (a.num_partitions && *a.num_partitions > rows) {
    throw Error(ErrorCode::kInvalidParameter,
                "num_partitions is " + std::to_string(*a.num_partitions) + ", but table " + source.Text() + " has " +
                    CountOfRows(rows) + (source.filter.empty() ? "" : " to train on"),
                "", "Every partition needs at least one row.");
  }
  const int64_t most = std::max<int64_t>(1, rows / kFewestPartitionRows);
  if (source.folds == 0) {
    if (pg::OnGreenplum()) return ClusterPartitions(choice, rows, a.num_partitions, most);
    return a.num_partitions.value_or(static_cast<int32_t>(std::min<int64_t>(kDefaultPartitions, most)));
  }
  if (a.num_partitions && *a.num_partitions % source.folds != 0) {
    throw Error(ErrorCode::kInvalidParameter,
                "num_partitions is " + std::to_string(*a.num_partitions) + ", which is no multiple of the " +
                    std::to_string(source.folds) + " folds",
                "A fold is a number of whole partitions, and all folds have as many.",
                "Give a multiple of " + std::to_string(source.folds) + ", or leave num_partitions out.");
  }
  if (pg::OnGreenplum()) return ClusterFoldPartitions(choice, rows, a.num_partitions, most, source.folds);
  return a.num_partitions.value_or(source.folds * static_cast<int>(std::max<int64_t>(
                                                      1, std::min<int64_t>(kDefaultPartitions, most) / source.folds)));
}

void CheckFoldRows(const RowSplit& split, const Source& source, int partitions) {
  for (size_t f = 0; f < split.fold_rows.size(); ++f) {
    const int each = partitions / split.folds;
    if (split.fold_rows[f] >= each) continue;
    throw Error(ErrorCode::kInvalidData,
                "fold " + std::to_string(f + 1) + " of table " + source.Text() + " would have " +
                    CountOfRows(split.fold_rows[f]) + " for its " + std::to_string(each) +
                    (each == 1 ? " partition" : " partitions"),
                "Rows of equal contents lie in one fold.", "Ask for fewer folds or partitions, or load more rows.");
  }
}

void RefuseNewClasses(const Source& source, const Profile& training, const Profile& validation) {
  for (size_t i = source.inputs; i < source.inputs + source.targets; ++i) {
    const SourceColumn& c = source.columns[i];
    if (!c.labels()) continue;
    std::set<std::string> known, unknown;
    for (const std::string& text : training.columns[i].texts) known.insert(data::CanonicalNumber(text));
    for (const std::string& text : validation.columns[i].texts) {
      if (known.count(data::CanonicalNumber(text)) == 0) unknown.insert(text);
    }
    if (unknown.empty()) continue;
    const std::string others = unknown.size() > 1 ? " and " + std::to_string(unknown.size() - 1) + " more" : "";
    throw Error(ErrorCode::kInvalidData,
                "class '" + *unknown.begin() + "'" + others + " of column \"" + c.column.name +
                    "\" is in no row that trains, but in rows that validate",
                "A model cannot learn a class that it never sees.",
                "Split so that each class has rows that train, as validation_fraction by content does; or leave such "
                "rows out by a view.");
  }
}

void PackValidationHalf(const Source& source, const Output& output, const SpecPair& specs, int64_t rows,
                        int training_partitions, const SegmentChoice& choice, PackSummary summary,
                        const std::optional<int32_t>& buffer_size) {
  summary.output_table = output.table.Sql();
  const int partitions = pg::OnGreenplum() ? FittingPartitions(choice, rows, training_partitions)
                                           : static_cast<int>(std::min<int64_t>(training_partitions, rows));
  PackTable(source, output, specs, rows, partitions, choice, std::move(summary), buffer_size, false);
}

}  // namespace pack
