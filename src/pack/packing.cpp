#include "pack/packing.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.hpp"
#include "base/literal.hpp"
#include "pg/cluster.hpp"
#include "pg/names.hpp"
#include "pg/settings.hpp"
#include "pg/sql.hpp"
#include "data/packed_table.hpp"
#include "data/row_codec.hpp"
#include "pack/buffer_plan.hpp"
#include "pack/cluster_keys.hpp"
#include "pack/cluster_packing.hpp"
#include "pack/schema_inference.hpp"
#include "pack/sorted_staging.hpp"
#include "pack/source.hpp"
#include "pack/source_profile.hpp"
#include "pack/summary_table.hpp"
#include "pack/table_writer.hpp"

namespace pack {
namespace {

using base::Error;
using base::ErrorCode;

constexpr int32_t kMaxPartitions = 100000;

SegmentChoice ReadDistribution(const std::optional<std::string>& rules) {
  if (pg::OnGreenplum()) return ChooseSegments(rules);
  if (!rules || *rules == "all_segments") return {};
  throw Error(ErrorCode::kFeatureNotSupported, "distribution_rules '" + *rules + "' cannot be followed on PostgreSQL", "",
              "PostgreSQL has no segments: leave the argument out, or give 'all_segments'.");
}

void CheckBufferSize(const std::optional<int32_t>& size) {
  if (size && *size < 1) {
    throw Error(ErrorCode::kInvalidParameter, "buffer_size is " + std::to_string(*size), "", "It is a number of rows, 1 or more, or NULL.");
  }
}

struct Output {
  pg::TableName table, summary;
  bool temporary = false;
};

Output OpenOutput(const std::string& text) {
  Output out;
  out.table = pg::ParseNewTableName(text, "output_table");
  out.summary = out.table.WithSuffix("_summary");
  for (const pg::TableName& table : {out.table, out.summary}) pg::ClaimOutput(table, "output_table");
  pg::RequireAbsent(out.table, "output_table");
  pg::RequireAbsent(out.summary, "output_table");
  pg::RequireCreate(out.table);
  out.temporary = out.table.schema.rfind("pg_temp", 0) == 0;
  return out;
}

/// Members of standardised columns that are no quantities keep their values: their constants undo the scale.
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

/// What both functions do once the description is known.
void Pack(const Source& source, const Output& output, const SpecPair& specs, int64_t rows, int partitions, const SegmentChoice& choice,
          PackSummary summary, const std::optional<int32_t>& buffer_size, bool standardize) {
  const size_t row_bytes = data::BufferBuilder(specs.data).row_bytes();
  const BufferPlan plan = PlanBuffers(buffer_size, pg::CurrentSettings().buffer_bytes, row_bytes);
  std::vector<bool> standardized;  // a packed column of inputs: whether any of its members is
  size_t next = 0;
  for (const base::ColumnSpec& c : specs.data.inputs) {
    bool any = false;
    for (const size_t end = next + std::max<size_t>(c.members.size(), 1); next < end; ++next) any = any || IsQuantity(source.columns[next]);
    standardized.push_back(standardize && any);
  }
  const auto seed = static_cast<uint64_t>(summary.seed);
  if (pg::OnGreenplum()) {
    summary.packed = PackOnCluster(source, {output.table, output.temporary, specs.data, specs.source, standardized, partitions, plan, seed,
                                            choice.contents});
  } else {
    SortedStaging stage(output.table, output.temporary, rows, row_bytes);
    const int64_t packed = stage.Fill(source, specs.source, seed);
    if (packed < partitions) {
      throw Error(ErrorCode::kInvalidData, "table " + source.Text() + " was changed while it was being packed");
    }
    TableWriter writer(output.table, output.temporary, specs.data, packed, partitions, plan, standardized);
    stage.ForEach([&writer](std::string_view row) { writer.Add(row); });
    summary.packed = writer.Finish();
    stage.Drop();
  }
  if (standardize) KeepOthers(source, &summary.packed.spec.inputs);
  summary.buffer_size = plan.rows;
  if (choice.dbids) {
    summary.dbids = choice.dbids;
    summary.contents.emplace(choice.contents.begin(), choice.contents.end());
  }
  WriteSummary(output.summary, output.temporary, source, summary);
}

}  // namespace

void PackTraining(const TrainingPackArguments& a) {
  const SegmentChoice choice = ReadDistribution(a.distribution_rules);
  CheckBufferSize(a.buffer_size);
  const double constant = a.normalizing_const.value_or(1.0);
  if (!(constant > 0) || !std::isfinite(constant)) {
    throw Error(ErrorCode::kInvalidParameter, "normalizing_const is " + base::FormatNumber(constant, true), "",
                "It must be a positive number: independent values are divided by it.");
  }
  if (a.num_partitions && (*a.num_partitions < 1 || *a.num_partitions > kMaxPartitions)) {
    throw Error(ErrorCode::kInvalidParameter, "num_partitions is " + std::to_string(*a.num_partitions), "",
                "It must lie between 1 and " + std::to_string(kMaxPartitions) + ".");
  }
  const std::vector<base::TargetKind> kinds = ReadTargetKinds(a.dependent_type);
  const Source source = OpenSource(a.source_table, a.independent_varname, a.dependent_varname, kinds, a.sample_weight);
  const Output output = OpenOutput(a.output_table);
  const Profile profile = ProfileSource(source);
  if (a.num_partitions && *a.num_partitions > profile.rows) {
    throw Error(ErrorCode::kInvalidParameter,
                "num_partitions is " + std::to_string(*a.num_partitions) + ", but table " + source.Text() + " has " +
                    std::to_string(profile.rows) + " rows",
                "", "Every partition needs at least one row.");
  }
  const int64_t most = std::max<int64_t>(1, profile.rows / kFewestPartitionRows);
  int partitions = a.num_partitions.value_or(static_cast<int32_t>(std::min<int64_t>(kDefaultPartitions, most)));
  if (pg::OnGreenplum()) partitions = ClusterPartitions(choice, profile.rows, a.num_partitions, most);
  const SpecPair specs = TrainingSpec(source, profile, {constant, a.num_classes, a.shapes, a.dtypes, a.standardize});
  PackSummary summary;
  summary.source_table = a.source_table;
  summary.output_table = a.output_table;
  summary.normalizing_const = constant;
  summary.seed = a.seed.value_or(0);
  Pack(source, output, specs, profile.rows, partitions, choice, std::move(summary), a.buffer_size, a.standardize);
}

void PackValidation(const ValidationPackArguments& a) {
  const SegmentChoice choice = ReadDistribution(a.distribution_rules);
  CheckBufferSize(a.buffer_size);
  const data::PackedTable training = data::OpenPackedTable(a.training_preprocessor_table, "training_preprocessor_table");
  const auto compare = [](const std::string& list, const char* what, const std::vector<base::ColumnSpec>& columns) {
    const std::vector<std::string> names = pg::ParseColumnList(list, what);
    const size_t given = names.size(), wanted = columns.size();
    if (given == wanted) return data::NoticeMovedColumns(columns, names, what);
    throw Error(ErrorCode::kInvalidParameter,
                std::string(what) + " names " + std::to_string(given) + " columns, but the training table has " + std::to_string(wanted),
                "", "Name one column for each column of the training table, in the same order.");
  };
  compare(a.independent_varname, "independent_varname", base::SourceColumns(training.spec.inputs));
  compare(a.dependent_varname, "dependent_varname", training.spec.targets);
  std::vector<base::TargetKind> kinds;
  for (const base::ColumnSpec& c : training.spec.targets) kinds.push_back(c.kind);
  Source source = OpenSource(a.source_table, a.independent_varname, a.dependent_varname, kinds, std::nullopt);
  for (size_t i = 0; i < source.targets; ++i) {
    SourceColumn& c = source.columns[source.inputs + i];
    c.form = data::LabelFormOf(c.column, training.spec.targets[i].class_values);
  }
  const Output output = OpenOutput(a.output_table);
  const Profile profile = ProfileSource(source);
  const SpecPair specs = ValidationSpec(source, profile, training.spec);
  const PackSummary stored = ReadSummaryConstants(training.name);
  PackSummary summary;
  summary.source_table = a.source_table;
  summary.output_table = a.output_table;
  summary.normalizing_const = stored.normalizing_const;
  summary.seed = stored.seed;
  const int wanted = training.spec.num_partitions;
  const int partitions = pg::OnGreenplum() ? FittingPartitions(choice, profile.rows, wanted)
                                           : static_cast<int>(std::min<int64_t>(wanted, profile.rows));
  Pack(source, output, specs, profile.rows, partitions, choice, std::move(summary), a.buffer_size, false);
}

}  // namespace pack
