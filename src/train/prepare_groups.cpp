#include "train/prepare_groups.hpp"

#include <string>
#include <utility>

#include "base/error.hpp"
#include "data/all_groups.hpp"
#include "data/groups.hpp"
#include "data/packed_table.hpp"
#include "data/row_claim.hpp"
#include "pg/cluster.hpp"
#include "store/training_state.hpp"

namespace train {

using base::Error;
using base::ErrorCode;

void CheckGroups(const FitArguments& a, const PreparedFit& fit) {
  const auto refuse = [](const std::string& message, const std::string& detail, const std::string& hint) {
    throw Error(ErrorCode::kInvalidParameter, message, detail, hint);
  };
  const std::pair<bool, const char*> for_groups[] = {{a.global_model, "global_model"},
                                                     {a.warm_start_groups, "warm_start_groups"},
                                                     {a.promote.has_value(), "promote"},
                                                     {a.max_failed_groups.has_value(), "max_failed_groups"}};
  for (const auto& [given, name] : for_groups) {
    if (!given || fit.grouped) continue;
    refuse(std::string(name) + " is for tables that are packed by group, and " + fit.training.name.Text() + " is not",
           "",
           "Pack the table by cerebro.training_preprocessor_dl() with grouping_cols, or leave " + std::string(name) +
               " out.");
  }
  if (!fit.grouped) return;
  const std::string table = "packed table " + fit.training.name.Text() + " is packed by group";
  if (a.search) {
    refuse(table + ": a search cannot be trained by group",
           "All groups are trained by the same configurations, which are known before the run begins.",
           "Give a model_selection_table, which cerebro.generate_model_configs() fills at random or as a grid; halving and "
           "early_stopping then choose in each group by itself.");
  }
  if (a.replay) refuse(table + ": a run over groups cannot replay another one", "", "Leave replay out.");
  if (a.folds)
    refuse(table + ": folds cannot be trained by group", "", "Leave folds out; a validation_table is split by group.");
  if (a.warm_start) {
    refuse(table + ": a run over groups cannot go on by warm_start", "", "Train with more iterations in a new run.");
  }
  if (a.promote && *a.promote != "if_better") {
    refuse("promote must be 'if_better', got '" + *a.promote + "'", "",
           "With 'if_better' a group keeps a model of its own only where it is better than the global one on the "
           "group's validation rows.");
  }
  for (const auto& [given, name] :
       {std::pair(a.warm_start_groups, "warm_start_groups"), std::pair(a.promote.has_value(), "promote")}) {
    if (given && !a.global_model)
      refuse(std::string(name) + " needs a global model", "", "Give global_model => true, too.");
  }
  if (a.promote && !fit.validation) {
    refuse("promote needs a validation_table", "Models are compared on rows that they have not seen.",
           "Pack with validation_fraction, and give the validation table.");
  }
  if (a.max_failed_groups && *a.max_failed_groups < 0) {
    refuse("max_failed_groups must not be negative, got " + std::to_string(*a.max_failed_groups), "",
           "It is the number of groups that may fail; with more the run is given up.");
  }
}

namespace {

/// A validation table that was packed later has a table of groups of its own, whose groups must be those of the training
/// table as it is now.
void RequireSameGroups(const data::GroupedTable& training, const data::GroupedTable& validation) {
  if (validation.validates) {
    if (training.groups_table.Sql() == validation.groups_table.Sql()) return;
    const pg::Result other = pg::Read("SELECT 1 FROM " + training.groups_table.Sql() + " AS t FULL JOIN " +
                                      validation.groups_table.Sql() +
                                      " AS v ON v.group_id OPERATOR(pg_catalog.=) t.group_id WHERE t.group_id IS NULL OR "
                                      "v.group_id IS NULL OR t.digest IS DISTINCT FROM v.digest LIMIT 1");
    if (other.empty()) return;
  }
  throw Error(ErrorCode::kInvalidParameter,
              "validation table " + validation.packed.name.Text() + " has other groups than packed table " +
                  training.packed.name.Text(),
              "Its groups are those of " + validation.groups_table.Text() + ".",
              "Give the validation table of this packed table, or pack one by cerebro.validation_preprocessor_dl().");
}

}  // namespace

void OpenTables(const FitArguments& a, PreparedFit* fit) {
  data::ClaimRowsOf(pg::ParseTableName(a.source_table, "source_table"));
  if (a.validation_table) data::ClaimRowsOf(pg::ParseTableName(*a.validation_table, "validation_table"));
  fit->grouped = data::IsGrouped(a.source_table, "source_table");
  fit->training = fit->grouped ? data::OpenAnyPackedTable(a.source_table, "source_table")
                               : data::OpenPackedTable(a.source_table, "source_table");
  data::ClaimRows(fit->training);
  if (fit->grouped && data::OpenGroupedTable(a.source_table, "source_table").validates) {
    throw Error(ErrorCode::kWrongObjectType,
                "packed table " + fit->training.name.Text() + " has rows that validate, none that train", "",
                "Give the packed table of the rows that train as source_table.");
  }
  if (!a.validation_table) return;
  const bool validation_grouped = data::IsGrouped(*a.validation_table, "validation_table");
  if (fit->grouped && !validation_grouped) {
    throw Error(ErrorCode::kInvalidParameter,
                "validation table " + *a.validation_table + " is not packed by group, but packed table " +
                    fit->training.name.Text() + " is",
                "",
                "Give the validation table that training_preprocessor_dl() made with it, or one of "
                "validation_preprocessor_dl().");
  }
  if (fit->grouped) {
    const data::GroupedTable training = data::OpenGroupedTable(a.source_table, "source_table");
    const data::GroupedTable validation = data::OpenGroupedTable(*a.validation_table, "validation_table");
    RequireSameGroups(training, validation);
    fit->validation = validation.packed;
  } else if (validation_grouped) {
    if (pg::OnGreenplum()) {
      throw Error(ErrorCode::kFeatureNotSupported,
                  "validation table " + *a.validation_table + " is packed by group, and the run is not over groups",
                  "On Greenplum its rows do not lie on the segments as those of a table without groups do.",
                  "Validate a global model on rows that are held out as the table is packed (validation_fraction, "
                  "split_column, split_by_time), or leave global_model out.");
    }
    fit->validation = data::ViewAllGroups(data::OpenGroupedTable(*a.validation_table, "validation_table"));
  } else {
    fit->validation = data::OpenPackedTable(*a.validation_table, "validation_table");
    data::ClaimRows(*fit->validation);
  }
  data::RequireCompatible(fit->training, *fit->validation);
}

void RequireSmallWeights(const PreparedFit& fit) {
  for (const PreparedModel& model : fit.models) {
    const size_t bytes = static_cast<size_t>(model.weight_count()) * sizeof(float);
    if (bytes <= store::kMostWeightBytes) continue;
    throw Error(ErrorCode::kLimitExceeded,
                "mst_key " + std::to_string(model.mst_key) + ": a model has " + std::to_string(bytes >> 20) +
                    " MB of weights, and one of a group at most " + std::to_string(store::kMostWeightBytes >> 20) +
                    " MB",
                "", "Train it on the rows of all groups, without grouping_cols.");
  }
}

}  // namespace train
