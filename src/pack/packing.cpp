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
#include "base/preprocessing.hpp"
#include "data/groups.hpp"
#include "data/packed_table.hpp"
#include "pack/cluster_keys.hpp"
#include "pack/column_choice.hpp"
#include "pack/grouped_packing.hpp"
#include "pack/null_labels.hpp"
#include "pack/preprocessed_columns.hpp"
#include "pack/row_split.hpp"
#include "pack/schema_inference.hpp"
#include "pack/source.hpp"
#include "pack/source_profile.hpp"
#include "pack/summary_table.hpp"
#include "pack/table_packing.hpp"

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
  CheckGroups(a);
  const std::vector<base::TargetKind> kinds = ReadTargetKinds(a.dependent_type);
  std::vector<std::string> elsewhere;  // what '*' does not mean
  AddNames(a.dependent_varname, "dependent_varname", &elsewhere);
  AddNames(a.sample_weight, "sample_weight", &elsewhere);
  AddNames(a.split.split_column, "split_column", &elsewhere);
  AddNames(a.groups.columns, "grouping_cols", &elsewhere);
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
  if (a.groups.columns) return PackByGroup(a, choice, source, preprocess);
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
      PackTable(source, output, specs, profile.rows, partitions, choice, std::move(summary), a.buffer_size, a.standardize || preprocess);
  if (!held_out) return;
  PackValidationHalf(held, *held_out, DescribeValidation(held, *held_profile, packed), held_profile->rows, packed.num_partitions,
                     choice, std::move(held_summary), a.buffer_size);
}

void PackValidation(const ValidationPackArguments& a) {
  const SegmentChoice choice = ReadDistribution(a.distribution_rules);
  CheckBufferSize(a.buffer_size);
  const char* const argument = "training_preprocessor_table";
  std::optional<data::GroupedTable> grouped;
  if (data::IsGrouped(a.training_preprocessor_table, argument))
    grouped = data::OpenGroupedTable(a.training_preprocessor_table, argument);
  const data::PackedTable training = grouped ? grouped->packed : data::OpenPackedTable(a.training_preprocessor_table, argument);
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
  if (grouped) return PackValidationByGroup(a, choice, source, *grouped);
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
  PackTable(source, output, specs, profile.rows, partitions, choice, std::move(summary), a.buffer_size, false);
}

}  // namespace pack
