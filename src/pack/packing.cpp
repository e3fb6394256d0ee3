#include "pack/packing.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/error.hpp"
#include "base/literal.hpp"
#include "pg/cluster.hpp"
#include "pg/names.hpp"
#include "pg/settings.hpp"
#include "pg/sql.hpp"
#include "base/preprocessing.hpp"
#include "data/packed_table.hpp"
#include "data/row_codec.hpp"
#include "pack/buffer_plan.hpp"
#include "pack/cluster_keys.hpp"
#include "pack/cluster_packing.hpp"
#include "pack/column_choice.hpp"
#include "pack/partition_ranks.hpp"
#include "pack/preprocessed_columns.hpp"
#include "pack/row_split.hpp"
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

/// By packed input: whether its constants of standardisation are learned. training: not those of a validation table, which has them.
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

/// What both functions do once the description is known. Returns what was packed.
base::DataSpec Pack(const Source& source, const Output& output, const SpecPair& specs, int64_t rows, int partitions, const SegmentChoice& choice,
                    PackSummary summary, const std::optional<int32_t>& buffer_size, bool standardize) {
  const size_t row_bytes = data::BufferBuilder(specs.data).row_bytes();
  const BufferPlan plan = PlanBuffers(buffer_size, pg::CurrentSettings().buffer_bytes, row_bytes);
  const std::vector<bool> standardized = StandardizedInputs(source, specs.data, standardize);
  const auto seed = static_cast<uint64_t>(summary.seed);
  if (pg::OnGreenplum()) {
    summary.packed = PackOnCluster(source, {output.table, output.temporary, specs.data, specs.source, standardized, partitions, plan, seed,
                                            choice.contents});
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

std::string Rows(int64_t count) { return std::to_string(count) + (count == 1 ? " row" : " rows"); }

/// As many as were asked for, or as many as are usual; a multiple of the folds. On a cluster as many as its segments allow.
int TrainingPartitions(const TrainingPackArguments& a, const Source& source, const SegmentChoice& choice, int64_t rows) {
  if (a.num_partitions && *a.num_partitions > rows) {
    throw Error(ErrorCode::kInvalidParameter,
                "num_partitions is " + std::to_string(*a.num_partitions) + ", but table " + source.Text() + " has " + Rows(rows) +
                    (source.filter.empty() ? "" : " to train on"),
                "", "Every partition needs at least one row.");
  }
  const int64_t most = std::max<int64_t>(1, rows / kFewestPartitionRows);
  if (source.folds == 0) {
    if (pg::OnGreenplum()) return ClusterPartitions(choice, rows, a.num_partitions, most);
    return a.num_partitions.value_or(static_cast<int32_t>(std::min<int64_t>(kDefaultPartitions, most)));
  }
  if (a.num_partitions && *a.num_partitions % source.folds != 0) {
    throw Error(ErrorCode::kInvalidParameter,
                "num_partitions is " + std::to_string(*a.num_partitions) + ", which is no multiple of the " + std::to_string(source.folds) + " folds",
                "A fold is a number of whole partitions, and all folds have as many.",
                "Give a multiple of " + std::to_string(source.folds) + ", or leave num_partitions out.");
  }
  if (pg::OnGreenplum()) return ClusterFoldPartitions(choice, rows, a.num_partitions, most, source.folds);
  return a.num_partitions.value_or(source.folds * static_cast<int>(std::max<int64_t>(1, std::min<int64_t>(kDefaultPartitions, most) / source.folds)));
}

void CheckFoldRows(const RowSplit& split, const Source& source, int partitions) {
  for (size_t f = 0; f < split.fold_rows.size(); ++f) {
    const int each = partitions / split.folds;
    if (split.fold_rows[f] >= each) continue;
    throw Error(ErrorCode::kInvalidData,
                "fold " + std::to_string(f + 1) + " of table " + source.Text() + " would have " + Rows(split.fold_rows[f]) + " for its " +
                    std::to_string(each) + (each == 1 ? " partition" : " partitions"),
                "Rows of equal contents lie in one fold.", "Ask for fewer folds or partitions, or load more rows.");
  }
}

/// Labels that no training row has.
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
                "class '" + *unknown.begin() + "'" + others + " of column \"" + c.column.name + "\" is in no row that trains, but in rows that validate",
                "A model cannot learn a class that it never sees.",
                "Split so that each class has rows that train, as validation_fraction by content does; or leave such rows out by a view.");
  }
}

/// The names of a list that may be no list: it is refused later.
void AddNames(const std::optional<std::string>& list, const char* what, std::vector<std::string>* names) {
  if (!list) return;
  for (std::string& name : pg::ParseColumnList(*list, what)) names->push_back(std::move(name));
}

PreprocessRequest ReadRequest(const TrainingPackArguments& a, double normalizing_const) {
  if (a.standardize || normalizing_const != 1.0) {
    throw Error(
        ErrorCode::kInvalidParameter,
        std::string(a.standardize ? "standardize" : "normalizing_const") + " is given together with preprocess", "",
        "Columns are scaled by preprocess: give an entry with \"scale\" to those that are not to be standardised.");
  }
  return PreprocessRequest::Read(*a.preprocess);
}

/// The half of a split that validates, packed as the training rows were.
void PackValidationHalf(Source source, const Output& output, const Profile& profile, const base::DataSpec& training, const SegmentChoice& choice,
                        PackSummary summary, const std::optional<int32_t>& buffer_size) {
  const SpecPair specs = DescribeValidation(source, profile, training);
  summary.output_table = output.table.Sql();
  const int wanted = training.num_partitions;
  const int partitions = pg::OnGreenplum() ? FittingPartitions(choice, profile.rows, wanted)
                                           : static_cast<int>(std::min<int64_t>(wanted, profile.rows));
  Pack(source, output, specs, profile.rows, partitions, choice, std::move(summary), buffer_size, false);
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
  CheckSplit(a.split);
  const std::vector<base::TargetKind> kinds = ReadTargetKinds(a.dependent_type);
  std::vector<std::string> elsewhere;  // what '*' does not mean
  AddNames(a.dependent_varname, "dependent_varname", &elsewhere);
  AddNames(a.sample_weight, "sample_weight", &elsewhere);
  AddNames(a.split.split_column, "split_column", &elsewhere);
  const std::string independent = ExpandColumns(a.source_table, a.independent_varname, elsewhere, a.exclude);
  std::optional<PreprocessRequest> preprocess;
  if (a.preprocess) preprocess = ReadRequest(a, constant);
  ClassChooser choose;
  if (preprocess) choose = [&preprocess](size_t, const pg::Column& column) { return preprocess->ClassOf(column); };
  Source source = OpenSource(a.source_table, independent, a.dependent_varname, kinds, a.sample_weight, choose);
  if (preprocess) {
    preprocess->CheckNames(source);
    TakeRealsAsNumbers(&source);
  }
  const Output output = OpenOutput(pg::ParseNewTableName(a.output_table, "output_table"));
  std::optional<Output> held_out;
  if (a.split.validates()) held_out = OpenOutput(output.table.WithSuffix(kValidationSuffix));
  const int64_t seed = a.seed.value_or(0);
  const RowSplit split = SplitRows(source, a.split, static_cast<uint64_t>(seed), output.table, output.temporary);
  source.filter = split.training;
  source.fold = split.fold;
  source.folds = split.folds;
  Profile profile = ProfileSource(source);
  Source held = source;  // the rows that validate: without weights, as validation_preprocessor_dl has them
  held.filter = split.validation;
  held.fold.clear();
  held.folds = 0;
  if (held.has_weights) held.columns.pop_back();
  held.has_weights = false;
  std::optional<Profile> held_profile;
  if (held_out) {
    held_profile = ProfileSource(held);
    RefuseNewClasses(held, profile, *held_profile);
  }
  const int partitions = TrainingPartitions(a, source, choice, profile.rows);
  CheckFoldRows(split, source, partitions);
  const SpecRequest request = {constant, a.num_classes, a.shapes, a.dtypes, a.standardize};
  SpecPair specs;
  if (preprocess) {
    const ColumnChoice chosen = ChooseColumns(source, profile, *preprocess);
    KeepColumns(chosen.kept, &source, &profile);
    if (held_profile) KeepColumns(chosen.kept, &held, &*held_profile);
    specs = PreprocessedTrainingSpec(source, profile, chosen, request);
  } else {
    specs = TrainingSpec(source, profile, request);
  }
  PackSummary summary;
  summary.source_table = a.source_table;
  summary.output_table = a.output_table;
  summary.normalizing_const = constant;
  summary.seed = seed;
  PackSummary held_summary = summary;
  summary.split = DescribeSplit(a.split, split, held_out ? held_out->table.Sql() : std::string());
  const base::DataSpec packed =
      Pack(source, output, specs, profile.rows, partitions, choice, std::move(summary), a.buffer_size, a.standardize || preprocess);
  if (held_out) PackValidationHalf(held, *held_out, *held_profile, packed, choice, std::move(held_summary), a.buffer_size);
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
  std::string independent = a.independent_varname;
  if (independent == data::kAllColumns) {
    const std::vector<pg::Column> columns =
        pg::TableColumns(pg::ParseTableName(a.source_table, "source_table"), "source_table");
    independent.clear();
    for (const std::string& name : data::InputNames(training.spec, data::kAllColumns, columns, "source table")) {
      independent += (independent.empty() ? "" : ", ") + pg::QuoteIdent(name);
    }
  }
  compare(independent, "independent_varname", base::SourceInputs(training.spec));
  compare(a.dependent_varname, "dependent_varname", training.spec.targets);
  std::vector<base::TargetKind> kinds;
  for (const base::ColumnSpec& c : training.spec.targets) kinds.push_back(c.kind);
  Source source =
      OpenSource(a.source_table, independent, a.dependent_varname, kinds, std::nullopt, ClassesOf(training.spec));
  for (size_t i = 0; i < source.targets; ++i) {
    SourceColumn& c = source.columns[source.inputs + i];
    c.form = data::LabelFormOf(c.column, training.spec.targets[i].class_values);
  }
  const Output output = OpenOutput(pg::ParseNewTableName(a.output_table, "output_table"));
  LeaveOutNullLabels(&source);
  const Profile profile = ProfileSource(source);
  const SpecPair specs = DescribeValidation(source, profile, training.spec);
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
