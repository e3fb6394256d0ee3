#include "store/group_tables.hpp"

#include <utility>

#include "base/error.hpp"
#include "base/plain_number.hpp"
#include "pg/key_type.hpp"
#include "pg/sql.hpp"
#include "store/registry_rows.hpp"
#include "plan/params.hpp"
#include "wire/keras.hpp"

namespace store {
namespace {

using base::Error;
using base::ErrorCode;

}  // namespace

bool IsGroupRun(const pg::TableName& name) {
  constexpr size_t kLongestSuffix = 8;  // of "_summary"
  if (name.name.size() + kLongestSuffix > registry::kMostNameBytes) return false;  // it has no such tables
  const pg::TableName summary = name.WithSuffix("_summary");
  if (!pg::TableExists(summary) || !pg::TableExists(name.WithSuffix("_configs"))) return false;
  return pg::FindColumn(pg::TableColumns(summary, "model_output_table"), kRunGroupingColumn) != nullptr;
}

void RequireOrdinaryRun(const pg::TableName& name, const char* what) {
  if (!IsGroupRun(name)) return;
  const pg::TableName global = name.WithSuffix(kGlobalSuffix);
  throw Error(ErrorCode::kWrongObjectType, std::string(what) + ": table " + name.Text() + " has a model for each group",
              "It is the output of a run over groups; the output of an ordinary run is wanted here.",
              pg::TableExists(global) ? "Give " + global.Text() +
                                            ", the models over all rows; cerebro.group_leaderboard() lists the groups."
                                      : "cerebro.group_leaderboard() lists the groups.");
}

GroupRunTable OpenGroupRun(std::string_view name, const char* what) {
  GroupRunTable run;
  run.name = pg::ParseTableName(name, what);
  const ResultTables tables(run.name);
  if (pg::TableExists(tables.summary) && !IsGroupRun(run.name)) {
    throw Error(ErrorCode::kWrongObjectType, "table " + run.name.Text() + " is not the output of a run over groups", "",
                "Pack a table with grouping_cols, and train on it by cerebro.fit_multiple_model().");
  }
  const ResultReader summary(tables.summary, ResultTable::kSummary, what,
                             {"data_spec", "seed", "precision", "dependent_vartype"});
  const pg::Result row = pg::Read("SELECT " + summary.Columns("s") + ", s." + kRunGroupingColumn +
                                  "::pg_catalog.text FROM " + summary.Sql() + " s");
  if (row.rows.size() != 1 || !row.at(0, 0) || !row.at(0, 1) || !row.at(0, 4)) {
    throw Error(ErrorCode::kPrerequisiteState,
                "table " + summary.Text() + " must have one complete row, it has " + std::to_string(row.rows.size()),
                pg::HiddenRowsDetail(tables.summary));
  }
  run.data = base::ReadDataSpec(*row.at(0, 0));
  run.seed = base::WholeNumber(row.at(0, 1));
  run.float64 = row.at(0, 2).value_or("") == base::DTypeName(base::DType::kFloat64);
  if (row.at(0, 3)) {
    for (const pg::Cell& type : pg::ParseArrayText(*row.at(0, 3))) run.dependent_vartype.push_back(type.value_or(""));
  }
  const std::vector<pg::Column> columns = pg::TableColumns(tables.groups, what);
  for (const pg::Cell& key : pg::ParseArrayText(*row.at(0, 4))) {
    const pg::Column* column = pg::FindColumn(columns, key.value_or(""));
    if (column == nullptr) {
      throw Error(ErrorCode::kUndefinedColumn,
                  "table " + tables.groups.Text() + " has no column \"" + key.value_or("") + "\"",
                  "It is a grouping column.");
    }
    run.keys.push_back(*column);
    // values of rows are cast to it: a longer text must not become a group's name, and a CHECK is code of its owner
    run.keys.back().sql_type = pg::ReadKeyType(tables.groups, column->name).bare_type;
  }
  run.has_global = pg::TableExists(run.name.WithSuffix(kGlobalSuffix));
  const ResultReader configurations(tables.configurations, ResultTable::kConfigurations, what,
                                    {"mst_key", "model_id", "model_arch", "compile_params", "fit_params"});
  std::map<std::string, std::shared_ptr<const base::Graph>> graphs;
  for (const auto& cells :
       pg::Read("SELECT " + configurations.Columns("c") + " FROM " + configurations.Sql() + " c ORDER BY 1").rows) {
    StoredModel model;
    model.mst_key = base::WholeInt(cells[0]);
    model.model_id = base::WholeInt(cells[1].value_or("0"));
    const std::string architecture = cells[2].value_or("");
    std::shared_ptr<const base::Graph>& graph = graphs[architecture];
    if (graph == nullptr) graph = std::make_shared<const base::Graph>(wire::ReadKeras(architecture, &run.data));
    model.graph = graph;
    model.compile_params = cells[3].value_or("");
    model.fit_params = cells[4].value_or("");
    model.status = kStatusTrained;
    model.config = plan::ReadConfig(model.compile_params, model.fit_params, *graph);
    run.models.emplace(model.mst_key, std::move(model));
  }
  if (run.models.empty()) {
    throw Error(ErrorCode::kPrerequisiteState, "table " + tables.configurations.Text() + " has no configuration",
                pg::HiddenRowsDetail(tables.configurations), "Restore its rows, or train all groups again.");
  }
  return run;
}

}  // namespace store
