#include "pack/grouped_packing.hpp"

#include <string>
#include <utility>

#include "base/error.hpp"
#include "base/literal.hpp"
#include "base/plain_number.hpp"
#include "data/packed_format.hpp"
#include "pack/group_keys.hpp"
#include "pack/group_packing.hpp"
#include "pack/table_packing.hpp"
#include "pg/cluster.hpp"
#include "pg/names.hpp"
#include "pg/report.hpp"

namespace pack {
namespace {

using base::Error;
using base::ErrorCode;

GroupOutputs OpenOutputs(const TrainingPackArguments& a) {
  GroupOutputs out;
  out.packed = OpenOutput(pg::ParseNewTableName(a.output_table, "output_table"));
  out.groups = out.packed.table.WithSuffix(data::kGroupsSuffix);
  pg::ClaimOutput(out.groups, "output_table");
  pg::RequireAbsent(out.groups, "output_table");
  if (a.split.validates()) out.held_out = OpenOutput(out.packed.table.WithSuffix(kValidationSuffix));
  if (!a.groups.pooled) return out;
  out.pooled = OpenOutput(out.packed.table.WithSuffix(data::kPooledSuffix));
  if (a.split.validates()) out.pooled_held_out = OpenOutput(out.pooled->table.WithSuffix(kValidationSuffix));
  return out;
}

template <typename T>
base::Value Given(const std::optional<T>& value) {
  return value ? base::Value(*value) : base::Value();
}

/// The call, as cerebro.refresh repeats it.
std::string DescribeArguments(const TrainingPackArguments& a) {
  base::Dict out;
  const auto add = [&out](const char* name, base::Value value) {
    if (!value.is_null()) out.emplace_back(name, std::move(value));
  };
  const auto whole = [](const std::optional<int32_t>& value) {
    return value ? base::Value(int64_t{*value}) : base::Value();
  };
  add("dependent_varname", base::Value(a.dependent_varname));
  add("independent_varname", base::Value(a.independent_varname));
  add("buffer_size", whole(a.buffer_size));
  add("num_partitions", whole(a.num_partitions));
  add("sample_weight", Given(a.sample_weight));
  add("exclude", Given(a.exclude));
  add("validation_fraction", Given(a.split.validation_fraction));
  add("split_column", Given(a.split.split_column));
  add("split_by_time", Given(a.split.split_by_time));
  add("drop_null_labels", base::Value(a.split.drop_null_labels));
  add("grouping_cols", Given(a.groups.columns));
  add("min_rows", Given(a.groups.min_rows));
  add("max_groups", base::Value(a.groups.max_groups));
  add("null_groups", base::Value(a.groups.null_groups));
  add("preprocess_per_group", base::Value(a.groups.own_constants));
  add("pooled", base::Value(a.groups.pooled));
  return base::FormatJson(base::Value(std::move(out)));
}

}  // namespace

void CheckGroups(const TrainingPackArguments& a) {
  const GroupRequest& g = a.groups;
  if (!g.columns) {
    const char* alone = g.min_rows        ? "min_rows"
                        : g.own_constants ? "preprocess_per_group"
                        : !g.null_groups  ? "null_groups"
                        : !g.pooled       ? "pooled"
                                          : nullptr;
    if (alone == nullptr) return;
    throw Error(ErrorCode::kInvalidParameter, std::string(alone) + " is given without grouping_cols", "",
                "Name the columns that make the groups: grouping_cols => 'region, store'.");
  }
  if (g.min_rows && *g.min_rows < 1) {
    throw Error(ErrorCode::kInvalidParameter, "min_rows is " + std::to_string(*g.min_rows), "",
                "It is a number of rows, 1 or more, or NULL.");
  }
  if (g.max_groups < 1 || g.max_groups > kMostGroups) {
    throw Error(ErrorCode::kInvalidParameter, "max_groups is " + std::to_string(g.max_groups), "",
                "It must lie between 1 and " + base::Thousands(kMostGroups) + ".");
  }
  if (a.split.folds) {
    throw Error(ErrorCode::kFeatureNotSupported, "folds is given together with grouping_cols", "",
                "Give validation_fraction: each group then has rows of its own that validate.");
  }
  if (g.own_constants && !a.preprocess) {
    throw Error(ErrorCode::kInvalidParameter, "preprocess_per_group is given without preprocess",
                "What is learned of each group's columns is what preprocess learns.",
                "Give preprocess => 'auto', too.");
  }
  if (pg::OnGreenplum() && a.distribution_rules && *a.distribution_rules != "all_segments") {
    throw Error(ErrorCode::kFeatureNotSupported,
                "distribution_rules '" + *a.distribution_rules + "' is given together with grouping_cols", "",
                "Groups are distributed over all segments: leave the argument out.");
  }
}

namespace {

/// "region, store" of a table, with the source's columns of these names. Errors: as PackValidationByGroup's.
std::string KeysOfSource(const Source& source, const data::GroupedTable& training) {
  std::string keys;
  for (const pg::Column& key : training.keys) {
    const std::string quoted = "\"" + key.name + "\"";
    const pg::Column* column = pg::FindColumn(source.all, key.name);
    if (column == nullptr) {
      throw Error(ErrorCode::kUndefinedColumn, "table " + source.Text() + " has no column " + quoted,
                  "It tells which group of packed table " + training.packed.name.Text() + " a row belongs to.",
                  "Give rows with all grouping columns.");
    }
    if (column->sql_type != key.sql_type) {
      throw Error(ErrorCode::kDatatypeMismatch,
                  "column " + quoted + " of table " + source.Text() + " has type " + column->type +
                      ", as a grouping column it has type " + key.type,
                  "", "Cast the column in a view.");
    }
    keys += (keys.empty() ? "" : ", ") + pg::QuoteIdent(key.name);
  }
  return keys;
}

}  // namespace

void PackValidationByGroup(const ValidationPackArguments& a, const SegmentChoice& choice, const Source& source,
                           const data::GroupedTable& training) {
  if (training.validates) {
    throw Error(ErrorCode::kWrongObjectType,
                "packed table " + training.packed.name.Text() + " has rows that validate, none that train", "",
                "Give the packed table of the rows that train as training_preprocessor_table.");
  }
  TrainingPackArguments more;
  more.source_table = a.source_table;
  more.output_table = a.output_table;
  more.dependent_varname = a.dependent_varname;
  more.independent_varname = a.independent_varname;
  more.buffer_size = a.buffer_size;
  const PackSummary stored = ReadSummaryConstants(training.packed.name);
  more.normalizing_const = stored.normalizing_const;
  more.seed = stored.seed;
  more.split.drop_null_labels = true;
  more.groups.columns = KeysOfSource(source, training);
  more.groups.own_constants = training.own_constants;
  GroupOutputs out;
  out.packed = OpenOutput(pg::ParseNewTableName(a.output_table, "output_table"));
  out.held_out = out.packed;
  out.groups = out.packed.table.WithSuffix(data::kGroupsSuffix);
  pg::ClaimOutput(out.groups, "output_table");
  pg::RequireAbsent(out.groups, "output_table");
  GroupPacking packing(more, "{}", choice, source, out);
  packing.PackFurther(training);
  const int64_t left_out = packing.rows().left_out_rows();
  if (left_out > 0) {
    pg::Notice(CountOfRows(left_out) + (left_out == 1 ? " is" : " are") + " left out: of groups that packed table " +
               training.packed.name.Text() + " does not have");
  }
  packing.Finish();
}

void PackByGroup(const TrainingPackArguments& a, const SegmentChoice& choice, const Source& source,
                 const std::optional<PreprocessRequest>& preprocess) {
  OpenGroupKeys(source, *a.groups.columns);  // before tables are claimed
  GroupPacking packing(a, DescribeArguments(a), choice, source, OpenOutputs(a));
  packing.Pack(preprocess);
  packing.Finish();
}

}  // namespace pack
