#include "store/result_tables.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "pg/sql.hpp"
#include "plan/params.hpp"
#include "store/training_state.hpp"
#include "wire/keras.hpp"

namespace store {
namespace {

constexpr size_t kMostKeysInHint = 10;

using base::Error;
using base::ErrorCode;

void RequireResultTable(const pg::TableName& table, const char* what, const std::vector<const char*>& needed) {
  const char* hint = "Pass the model_output_table of a finished cerebro.fit_multiple_model().";
  if (!pg::TableExists(table))
    throw Error(ErrorCode::kUndefinedTable, std::string(what) + ": table " + table.Sql() + " does not exist", "", hint);
  const std::vector<pg::Column> columns = pg::TableColumns(table, what);
  for (const char* name : needed) {
    if (pg::FindColumn(columns, name) == nullptr) {
      throw Error(ErrorCode::kUndefinedColumn, std::string(what) + ": table " + table.Sql() + " has no column \"" + name + "\"", "", hint);
    }
  }
  pg::RequireSelect(table);
}

[[noreturn]] void NoSuchKey(const pg::TableName& table, int mst_key) {
  const pg::Result keys = pg::Read("SELECT mst_key FROM " + table.WithSuffix("_info").Sql() + " ORDER BY mst_key");
  std::string list;
  for (size_t i = 0; i < keys.rows.size() && i < kMostKeysInHint; i++) list += (i > 0 ? ", " : "") + *keys.at(i, 0);
  if (keys.rows.size() > kMostKeysInHint) list += ", ...";
  throw Error(ErrorCode::kUndefinedObject,
              "mst_key " + std::to_string(mst_key) + " does not exist in table " + table.WithSuffix("_info").Sql(), "",
              "Its mst_keys are " + list + ".");
}

}  // namespace

ModelTable OpenModelTable(std::string_view name, const char* what, std::optional<int> mst_key) {
  ModelTable table;
  table.name = pg::ParseTableName(name, what);
  const pg::TableName info = table.name.WithSuffix("_info"), summary = table.name.WithSuffix("_summary");
  RequireResultTable(table.name, what, {"mst_key", "model_weights", "model_arch"});
  RequireResultTable(info, what, {"mst_key", "model_id", "compile_params", "fit_params", "status", "iterations_done"});
  RequireResultTable(summary, what, {"data_spec", "seed", "plan", "precision", "dependent_vartype"});
  const pg::Result run = pg::Read("SELECT data_spec, seed, plan::pg_catalog.text, precision, dependent_vartype FROM " + summary.Sql());
  if (run.rows.size() != 1 || !run.at(0, 0) || !run.at(0, 1) || !run.at(0, 2)) {
    throw Error(ErrorCode::kPrerequisiteState,
                "table " + summary.Sql() + " must have one complete row, it has " + std::to_string(run.rows.size()));
  }
  table.data = base::ReadDataSpec(*run.at(0, 0));
  table.seed = std::stoll(*run.at(0, 1));
  table.plan = plan::ReadPlan(*run.at(0, 2));
  table.float64 = run.at(0, 3).value_or("") == base::DTypeName(base::DType::kFloat64);
  if (run.at(0, 4)) {
    for (const pg::Cell& type : pg::ParseArrayText(*run.at(0, 4))) table.dependent_vartype.push_back(type.value_or(""));
  }
  const std::string filter = mst_key ? " WHERE i.mst_key OPERATOR(pg_catalog.=) " + std::to_string(*mst_key) : "";
  const pg::Result models =
      pg::Read("SELECT i.mst_key, i.model_id, i.compile_params, i.fit_params, i.status, m.model_arch::pg_catalog.text FROM " + info.Sql() +
               " i JOIN " + table.name.Sql() + " m ON m.mst_key OPERATOR(pg_catalog.=) i.mst_key" + filter + " ORDER BY i.mst_key");
  for (const auto& row : models.rows) {
    StoredModel model;
    model.mst_key = std::stoi(row[0].value());
    model.model_id = std::stoi(row[1].value_or("0"));
    model.compile_params = row[2].value_or("");
    model.fit_params = row[3].value_or("");
    model.status = row[4].value_or("");
    model.graph = wire::ReadKeras(row[5].value_or(""));
    model.config = plan::ReadConfig(model.compile_params, model.fit_params);
    table.models.push_back(std::move(model));
  }
  if (table.models.empty()) {
    if (mst_key) NoSuchKey(table.name, *mst_key);
    throw Error(ErrorCode::kPrerequisiteState, "table " + info.Sql() + " has no models");
  }
  for (const plan::Bundle& bundle : table.plan.bundles) {
    for (const int m : bundle.models) {
      if (!mst_key && (m < 0 || static_cast<size_t>(m) >= table.models.size())) {
        throw Error(ErrorCode::kDataCorrupted, "the plan in table " + summary.Sql() + " names model number " + std::to_string(m) + " of " +
                                                   std::to_string(table.models.size()));
      }
    }
  }
  return table;
}

std::string ReadState(const ModelTable& table, int mst_key) {
  const pg::TableName state = table.name.WithSuffix("_state");
  RequireResultTable(state, "model_table", {"mst_key", "piece", "data"});
  StateJoiner pieces;
  for (int64_t piece = 0;; piece++) {
    const pg::Result result =
        pg::Read("SELECT data FROM " + state.Sql() +
                     " WHERE mst_key OPERATOR(pg_catalog.=) $1::pg_catalog.int4 AND piece OPERATOR(pg_catalog.=) $2::pg_catalog.int4",
                 {static_cast<int64_t>(mst_key), piece});
    if (result.empty()) break;
    pieces.Add(piece, result.at(0, 0).value());
  }
  if (pieces.bytes().empty()) {
    throw Error(ErrorCode::kUndefinedObject, "table " + state.Sql() + " has no training state of mst_key " + std::to_string(mst_key), "",
                "Train without warm_start, or restore the table.");
  }
  return pieces.Take();
}

std::string ReadWeights(const ModelTable& table, int mst_key) {
  const pg::Result result =
      pg::Read("SELECT model_weights FROM " + table.name.Sql() + " WHERE mst_key OPERATOR(pg_catalog.=) $1::pg_catalog.int4",
               {static_cast<int64_t>(mst_key)});
  if (result.empty()) NoSuchKey(table.name, mst_key);
  if (result.at(0, 0)) return *result.at(0, 0);
  const std::string state = ReadState(table, mst_key);  // the weights were too large for the column
  return StateView(state).Weights();
}

}  // namespace store
