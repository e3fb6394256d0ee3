#include "run/control.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "pg/names.hpp"
#include "pg/report.hpp"
#include "pg/snapshot.hpp"
#include "pg/sql.hpp"
#include "plan/params.hpp"
#include "plan/trials.hpp"
#include "run/fit.hpp"
#include "store/own_tables.hpp"
#include "store/result_rows.hpp"
#include "store/result_tables.hpp"
#include "store/run_record.hpp"
#include "train/run_parts.hpp"
#include "train/trials.hpp"

namespace run {
namespace {

using base::Error;
using base::ErrorCode;
using Kind = train::ControlAction::Kind;

constexpr const char* kActions = "Actions are stop, resume, delete, clone, add, reprioritise and finish.";

bool MayRead(const pg::TableName& table) {
  if (!pg::TableExists(table) || pg::RowSecurityApplies(table)) return false;
  return pg::Read("SELECT pg_catalog.has_table_privilege($1::pg_catalog.regclass::pg_catalog.oid, 'SELECT'::pg_catalog.text)::pg_catalog.int4",
                  {table.Sql()})
             .Int() == 1;
}

// Which arguments belong to which action, besides mst_key.
void CheckArguments(const ControlArguments& a, Kind kind) {
  const bool adds = kind == Kind::kAdd, clones = kind == Kind::kClone;
  const std::vector<std::pair<const char*, std::pair<bool, bool>>> arguments = {
      {"mst_key", {a.mst_key.has_value(), !adds && kind != Kind::kFinish}},
      {"compile_params", {a.compile_params.has_value(), adds || clones}},
      {"fit_params", {a.fit_params.has_value(), adds || clones}},
      {"model_id", {a.model_id.has_value(), adds}},
      {"from_weights", {a.from_weights.has_value(), clones}},
      {"iterations", {a.iterations.has_value(), adds || clones || kind == Kind::kResume}},
      {"priority", {a.priority.has_value(), kind == Kind::kPrioritise}}};
  for (const auto& [name, use] : arguments) {
    if (use.first && !use.second) {
      throw Error(ErrorCode::kInvalidParameter, std::string(name) + " has no meaning for action \"" + a.action + "\"", "", "Leave it out.");
    }
  }
  const auto need = [&](const char* name, bool given) {
    if (!given) throw Error(ErrorCode::kNullValue, std::string("action \"") + a.action + "\" needs " + name);
  };
  if (!adds && kind != Kind::kFinish) need("mst_key", a.mst_key.has_value());
  if (kind == Kind::kPrioritise) need("priority", a.priority.has_value());
  if (adds) {
    need("model_id", a.model_id.has_value());
    need("compile_params", a.compile_params.has_value());
    need("fit_params", a.fit_params.has_value());
    plan::ReadConfig(*a.compile_params, *a.fit_params);
  }
  if (a.iterations && *a.iterations < 1) {
    throw Error(ErrorCode::kInvalidParameter, "iterations must be at least 1, got " + std::to_string(*a.iterations), "",
                "It is the number of iterations that the model has done when it ends, those of its parent included.");
  }
}

void CheckRun(const ControlArguments& a, Kind kind, const store::ResultTables& tables) {
  if (!pg::TableExists(tables.models) && !pg::TableExists(tables.run)) {
    throw Error(ErrorCode::kUndefinedTable, "there is no run " + tables.models.Text(), "",
                "SELECT * FROM cerebro.runs lists the runs whose tables you may read.");
  }
  // that of a replay, and of a search whose time was spent, is a log alone
  if (!pg::TableExists(tables.control) || !pg::TableExists(tables.run)) {
    throw Error(ErrorCode::kPrerequisiteState, "run " + tables.models.Text() + " cannot be changed while it goes on",
                "Only runs that CALL cerebro.fit() or cerebro.advance() has begun can be; this one is one statement, such as a replay, or was begun by "
                "an earlier version.",
                "Train its models further by warm_start, or begin a durable run.");
  }
  store::RequireOfRun(tables, store::ResultTable::kControl, pg::TableUse::kWrite);
  if (!MayRead(tables.run)) return;
  const std::optional<store::RunRecord> record = store::ReadRunRecord(tables);
  if (!record) return;
  if (record->state == store::kRunFinished) {
    throw Error(ErrorCode::kPrerequisiteState, "run " + tables.models.Text() + " has ended", "", "Train its models further by warm_start.");
  }
  const bool halving = std::any_of(record->arguments.begin(), record->arguments.end(), [](const std::string& text) { return text.rfind("halving=", 0) == 0; });
  if (halving && kind != Kind::kStop && kind != Kind::kDelete && kind != Kind::kFinish) {
    throw Error(ErrorCode::kPrerequisiteState, "run " + tables.models.Text() + " halves its models: action \"" + a.action + "\" is not possible",
                "Halving compares models that have done as many iterations.", "Stop or delete models, or use search with the policy \"asha\".");
  }
}

// A trial of a sampler outside is one of max_models, even where it cannot be made.
void CheckArchitecture(const ControlArguments& a, const store::ResultTables& tables) {
  if (!a.model_id || !MayRead(tables.run) || !pg::TableExists(tables.summary) || !MayRead(tables.summary)) return;
  const std::optional<store::RunRecord> record = store::ReadRunRecord(tables);
  const std::optional<std::string> search = record ? train::ArgumentsOf(*record).search : std::nullopt;
  if (!search || plan::ReadSearch(*search, std::max<int64_t>(1, record->iterations)).policy != "external") return;
  store::RequireOfRun(tables, store::ResultTable::kSummary, pg::TableUse::kRead);
  const pg::Result named = pg::Read("SELECT s.model_arch_table FROM " + tables.summary.Sql() + " s");
  if (named.rows.size() != 1 || !named.at(0, 0)) return;  // before the first commit
  const pg::TableName table = pg::ParseStoredName(*named.at(0, 0), "model_arch_table", tables.summary);
  if (!MayRead(table) || !pg::WhyNotSafe(table, pg::TableUse::kRead, {{"model_id", "pg_catalog.int4"}}).empty()) return;
  const pg::Result found = pg::Read("SELECT 1 FROM " + table.Sql() + " t WHERE t.model_id OPERATOR(pg_catalog.=) $1::pg_catalog.int4",
                                    {static_cast<int64_t>(*a.model_id)});
  if (!found.empty()) return;
  throw Error(ErrorCode::kUndefinedObject, "table " + table.Text() + " has no model_id " + std::to_string(*a.model_id), "",
              "SELECT model_id, name FROM " + table.Sql() + " lists those that it has.");
}

void CheckModel(const ControlArguments& a, const store::ResultTables& tables) {
  if (!a.mst_key) return;
  const pg::TableName& table = pg::TableExists(tables.trials) ? tables.trials : tables.info;
  if (!MayRead(table)) return;
  store::RequireOfRun(tables, pg::TableExists(tables.trials) ? store::ResultTable::kTrials : store::ResultTable::kInfo, pg::TableUse::kRead);
  const std::string from = " FROM " + table.Sql() + " t";
  if (pg::Read("SELECT 1" + from + " LIMIT 1").empty()) return;  // before the first commit
  const auto key = static_cast<int64_t>(*a.mst_key);
  const pg::Result found = pg::Read("SELECT t.compile_params, t.fit_params" + from + " WHERE t.mst_key OPERATOR(pg_catalog.=) $1::pg_catalog.int4", {key});
  if (found.empty()) {
    throw Error(ErrorCode::kUndefinedObject, "run " + tables.models.Text() + " has no mst_key " + std::to_string(key), "",
                "SELECT mst_key, status FROM " + tables.info.Sql() + " lists its models.");
  }
  if (!a.compile_params && !a.fit_params) return;
  plan::ReadConfig(a.compile_params.value_or(found.at(0, 0).value_or("")), a.fit_params.value_or(found.at(0, 1).value_or("")));
}

}  // namespace

void Control(const ControlArguments& a) {
  const std::optional<Kind> kind = train::ReadControlName(a.action);
  if (!kind || *kind == Kind::kFail) throw Error(ErrorCode::kInvalidParameter, "there is no action \"" + a.action + "\"", "", kActions);
  const store::ResultTables tables(pg::ParseTableName(a.run, "run"));
  CheckRun(a, *kind, tables);
  CheckArguments(a, *kind);
  CheckModel(a, tables);
  CheckArchitecture(a, tables);
  const auto number = [](const std::optional<int>& value) { return value ? pg::Param(static_cast<int64_t>(*value)) : pg::Param(pg::Null{}); };
  const auto text = [](const std::optional<std::string>& value) { return value ? pg::Param(*value) : pg::Param(pg::Null{}); };
  store::InsertRow(tables, store::ResultTable::kControl,
                   {{"action", a.action},
                    {"mst_key", number(a.mst_key)},
                    {"model_id", number(a.model_id)},
                    {"compile_params", text(a.compile_params)},
                    {"fit_params", text(a.fit_params)},
                    {"from_weights", a.from_weights ? pg::Param(*a.from_weights) : pg::Param(pg::Null{})},
                    {"iterations", number(a.iterations)},
                    {"priority", a.priority ? pg::Param(*a.priority) : pg::Param(pg::Null{})}});
  // it may have ended meanwhile: then nobody looks
  const pg::FreshSnapshot newest;
  CheckRun(a, *kind, tables);
}

void Replay(const std::string& run, const std::string& model_output_table, std::optional<int> workers) {
  const store::ResultTables tables(pg::ParseTableName(run, "run"));
  const std::optional<store::RunRecord> record = store::ReadRunRecord(tables);
  if (!record) {
    throw Error(ErrorCode::kPrerequisiteState, "run " + tables.models.Text() + " is no durable one",
                "Only runs that CALL cerebro.fit() has begun keep what was done to them.", "Give the same arguments to cerebro.fit_multiple_model() again.");
  }
  if (record->state != store::kRunFinished) {
    throw Error(ErrorCode::kPrerequisiteState, "run " + tables.models.Text() + " has not ended", "", "Let it go on by the call that it was begun with.");
  }
  train::FitArguments arguments = train::ArgumentsOf(*record);
  if (arguments.warm_start) {
    throw Error(ErrorCode::kPrerequisiteState, "run " + tables.models.Text() + " was a warm start: the states that it began with are gone");
  }
  for (const plan::Bundle& bundle : store::OpenModelTable(tables.models.Sql(), "run", std::nullopt).plan.bundles) {
    if (bundle.sequence.shift == 0) continue;
    throw Error(ErrorCode::kPrerequisiteState, "run " + tables.models.Text() + " cannot be replayed: the order of its partitions is of an early version");
  }
  train::WarnOfOtherBuild(*record, tables.models, "its replay");
  arguments.model_output_table = model_output_table;
  arguments.workers = workers;
  arguments.replay = tables.models.Sql();
  FitMultipleModel(arguments);
}

}  // namespace run
