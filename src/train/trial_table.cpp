#include "train/trial_table.hpp"

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/error.hpp"
#include "base/plain_number.hpp"
#include "pg/cluster.hpp"
#include "pg/names.hpp"
#include "pg/snapshot.hpp"
#include "pg/sql.hpp"
#include "store/own_tables.hpp"
#include "store/result_rows.hpp"

namespace train {
namespace {

using base::Error;
using base::ErrorCode;
using store::ResultTable;

// A row's own; segments of a cluster have rows of one ctid.
std::string RowId() {
  return pg::OnGreenplum() ? "pg_catalog.concat(c.gp_segment_id, c.ctid)" : "c.ctid::pg_catalog.text";
}

constexpr const char* kActionColumns =
    ", c.action, c.mst_key, c.model_id, c.compile_params, c.fit_params, c.from_weights::pg_catalog.int4, c.iterations,"
    " c.priority, c.round, c.new_mst_key, c.refused, c.requested_by";
constexpr const char* kActionOrder = " ORDER BY c.requested_at, c.ctid";

int64_t Number(const pg::Cell& cell) { return cell ? base::WholeNumber(cell) : 0; }

std::optional<int64_t> OptionalNumber(const pg::Cell& cell) { return cell ? std::optional<int64_t>(base::WholeNumber(cell)) : std::nullopt; }

pg::Param NumberOrNull(std::optional<int64_t> value) { return value ? pg::Param(*value) : pg::Param(pg::Null{}); }

pg::Param TextOrNull(const std::string& text) { return text.empty() ? pg::Param(pg::Null{}) : pg::Param(text); }

// Whether the row says all that its action needs; refused says why not.
ControlAction ReadAction(const std::vector<pg::Cell>& row) {
  ControlAction action;
  action.id = row[0].value_or("");
  const std::optional<ControlAction::Kind> kind = ReadControlName(row[1].value_or(""));
  const bool waits = !row[9];
  if (!kind || (waits && *kind == ControlAction::Kind::kFail)) {  // the run itself writes those
    action.refused = "there is no action \"" + row[1].value_or("") + "\"";
    return action;
  }
  action.kind = *kind;
  action.mst_key = Number(row[2]);
  if (row[3]) action.model_id = static_cast<int>(Number(row[3]));
  action.compile_params = row[4];
  action.fit_params = row[5];
  action.from_weights = !row[6] || Number(row[6]) != 0;
  action.iterations = OptionalNumber(row[7]);
  action.priority = Number(row[8]);
  action.round = Number(row[9]);
  action.new_key = Number(row[10]);
  action.refused = row[11].value_or("");
  action.by = row[12].value_or("");
  const bool adds = action.kind == ControlAction::Kind::kAdd;
  if (adds && (!action.model_id || !action.compile_params || !action.fit_params)) {
    action.refused = "add needs model_id, compile_params and fit_params";
  } else if (!adds && action.kind != ControlAction::Kind::kFinish && !row[2]) {
    action.refused = std::string(ControlName(action.kind)) + " needs mst_key";
  }
  return action;
}

}  // namespace

std::vector<LivingTrial> ReadTrials(const store::ResultTables& tables) {
  std::vector<LivingTrial> trials;
  if (!pg::TableExists(tables.trials)) return trials;
  store::RequireOfRun(tables, ResultTable::kTrials, pg::TableUse::kRead);
  const pg::Result found = pg::Execute(
      "SELECT t.mst_key, t.state, t.model_id, t.compile_params, t.fit_params, t.parent, t.keeps_optimizer::pg_catalog.int4, t.began, t.iterations,"
      " t.target, t.entered_round, t.bracket, t.priority, t.deleted::pg_catalog.int4, t.remark, t.error, t.point_iterations, t.point_values FROM " +
      tables.trials.Sql() + " t ORDER BY t.mst_key");
  int models = 0;
  for (const auto& row : found.rows) {
    LivingTrial living;
    plan::Trial& trial = living.trial;
    trial.key = Number(row[0]);
    const std::optional<plan::TrialState> state = plan::ReadTrialState(row[1].value_or(""));
    if (!state) throw Error(ErrorCode::kDataCorrupted, "table " + tables.trials.Text() + " has a trial in the state \"" + row[1].value_or("") + "\"");
    trial.state = *state;
    trial.candidate = {static_cast<int>(Number(row[2])), {row[3].value_or(""), row[4].value_or("")}};
    trial.parent = Number(row[5]);
    living.keeps_optimizer = Number(row[6]) != 0;
    trial.began = Number(row[7]);
    trial.iterations = Number(row[8]);
    trial.target = Number(row[9]);
    living.entered = Number(row[10]);
    trial.bracket = row[11] ? Number(row[11]) : plan::kNoBracket;
    living.priority = Number(row[12]);
    living.deleted = Number(row[13]) != 0;
    trial.remark = row[14].value_or("");
    living.error = row[15].value_or("");
    const std::vector<pg::Cell> iterations = pg::ParseArrayText(row[16].value_or("{}")), values = pg::ParseArrayText(row[17].value_or("{}"));
    if (iterations.size() != values.size()) {
      throw Error(ErrorCode::kDataCorrupted, "table " + tables.trials.Text() + " has " + std::to_string(values.size()) + " values after " +
                                                 std::to_string(iterations.size()) + " iterations of mst_key " + std::to_string(trial.key));
    }
    for (size_t p = 0; p < values.size(); p++) trial.points.push_back({Number(iterations[p]), base::RealOrNaN(values[p])});
    if (trial.state != plan::TrialState::kFailed || living.deleted) living.model = models++;  // else it could not be made
    trials.push_back(std::move(living));
  }
  return trials;
}

std::map<int64_t, std::string> ReadArchitecturesOfTrials(const store::ResultTables& tables) {
  std::map<int64_t, std::string> architectures;
  if (!pg::TableExists(tables.trials) || pg::FindColumn(pg::TableColumns(tables.trials, "run"), "architecture") == nullptr) return architectures;
  for (const auto& row : pg::Execute("SELECT t.mst_key, t.architecture FROM " + tables.trials.Sql() + " t WHERE t.architecture IS NOT NULL").rows) {
    architectures[Number(row[0])] = row[1].value_or("");
  }
  return architectures;
}

void WriteTrials(const store::ResultTables& tables, const std::vector<LivingTrial>& trials, std::map<int64_t, std::string> architectures) {
  if (pg::TableExists(tables.trials)) {
    for (auto& [key, digest] : ReadArchitecturesOfTrials(tables)) architectures.emplace(key, std::move(digest));  // of those that are deleted now
  } else {
    store::CreateResultTable(tables, ResultTable::kTrials);
  }
  pg::Execute("DELETE FROM " + tables.trials.Sql());
  store::RowBatch rows(tables, ResultTable::kTrials);
  for (const LivingTrial& living : trials) {
    const plan::Trial& trial = living.trial;
    std::vector<int64_t> iterations;
    std::vector<double> values;
    for (const plan::TrialPoint& point : trial.points) {
      iterations.push_back(point.iteration);
      values.push_back(point.value);
    }
    rows.Insert({{"mst_key", trial.key},
                 {"state", std::string(plan::TrialStateName(trial.state))},
                 {"model_id", static_cast<int64_t>(trial.candidate.model_id)},
                 {"compile_params", trial.candidate.params.compile_params},
                 {"fit_params", trial.candidate.params.fit_params},
                 {"parent", NumberOrNull(trial.parent == 0 ? std::nullopt : std::optional<int64_t>(trial.parent))},
                 {"keeps_optimizer", living.keeps_optimizer},
                 {"began", trial.began},
                 {"iterations", trial.iterations},
                 {"target", trial.target},
                 {"entered_round", living.entered},
                 {"bracket", NumberOrNull(trial.bracket == plan::kNoBracket ? std::nullopt : std::optional<int64_t>(trial.bracket))},
                 {"priority", living.priority},
                 {"deleted", living.deleted},
                 {"remark", TextOrNull(trial.remark)},
                 {"error", TextOrNull(living.error)},
                 {"point_iterations", iterations},
                 {"point_values", values},
                 {"architecture", TextOrNull(architectures[trial.key])}});
  }
  rows.Finish();
}

std::vector<ControlAction> ReadActions(const store::ResultTables& tables, int64_t round) {
  std::vector<ControlAction> actions, refused;
  if (!pg::TableExists(tables.control)) return actions;
  // what is taken stays as it is until the part has marked it; what somebody is about to withdraw or change is left for the next part
  const char* const keep = pg::OnGreenplum() ? "" : " FOR UPDATE SKIP LOCKED";
  const pg::Result found =
      pg::Execute("SELECT " + RowId() + kActionColumns + " FROM " + tables.control.Sql() + " c WHERE c.round IS NULL" + kActionOrder + keep);
  for (const auto& row : found.rows) {
    ControlAction action = ReadAction(row);
    action.round = round;
    (action.refused.empty() ? actions : refused).push_back(std::move(action));
  }
  WriteActionsDone(tables, refused);
  return actions;
}

std::vector<ControlAction> ReadActionsDone(const store::ResultTables& tables) {
  std::vector<ControlAction> actions;
  if (!pg::TableExists(tables.control)) return actions;
  store::RequireOfRun(tables, ResultTable::kControl, pg::TableUse::kRead);
  const pg::Result found =
      pg::Execute("SELECT " + RowId() + kActionColumns + " FROM " + tables.control.Sql() + " c WHERE c.round IS NOT NULL" + kActionOrder);
  for (const auto& row : found.rows) {
    ControlAction action = ReadAction(row);
    if (action.kind != ControlAction::Kind::kFail) {
      if (!action.refused.empty() && action.new_key == 0) continue;  // nothing came of it, not even a key
      action.refused.clear();
    }
    action.id.clear();
    actions.push_back(std::move(action));
  }
  return actions;
}

bool AnyActionsWait(const store::ResultTables& tables, const std::vector<ControlAction>& taken) {
  std::vector<std::string> ids;
  for (const ControlAction& action : taken) ids.push_back(action.id);
  const std::string statement =
      "SELECT 1 FROM " + tables.control.Sql() + " c WHERE c.round IS NULL AND NOT " + RowId() + " = ANY ($1) LIMIT 1";
  if (pg::OnGreenplum()) return !pg::Execute(statement, {ids}).empty();  // it knows no parallel mode
  const pg::GlanceSnapshot newest;
  return !pg::Read(statement, {ids}).empty();
}

void WriteActionsDone(const store::ResultTables& tables, const std::vector<ControlAction>& actions) {
  if (!actions.empty() && !pg::TableExists(tables.control)) store::CreateResultTable(tables, ResultTable::kControl);
  for (const ControlAction& action : actions) {
    if (action.id.empty()) {  // of no person
      const auto key = [](int64_t number) { return NumberOrNull(number == 0 ? std::nullopt : std::optional<int64_t>(number)); };
      const bool of_model = action.kind != ControlAction::Kind::kAdd && action.kind != ControlAction::Kind::kFinish;
      const bool clones = action.kind == ControlAction::Kind::kClone, first = action.kind == ControlAction::Kind::kPrioritise;
      store::InsertRow(tables, ResultTable::kControl,
                       {{"requested_by", action.by},
                        {"action", std::string(ControlName(action.kind))},
                        {"mst_key", of_model ? pg::Param(action.mst_key) : pg::Param(pg::Null{})},
                        {"model_id", NumberOrNull(action.model_id)},
                        {"compile_params", action.compile_params ? pg::Param(*action.compile_params) : pg::Param(pg::Null{})},
                        {"fit_params", action.fit_params ? pg::Param(*action.fit_params) : pg::Param(pg::Null{})},
                        {"from_weights", clones ? pg::Param(action.from_weights) : pg::Param(pg::Null{})},
                        {"iterations", NumberOrNull(action.iterations)},
                        {"priority", first ? pg::Param(action.priority) : pg::Param(pg::Null{})},
                        {"round", action.round},
                        {"new_mst_key", key(action.new_key)},
                        {"refused", TextOrNull(action.refused)},
                        store::ResultValue::Expression("took_effect_at", "pg_catalog.clock_timestamp()")});
      continue;
    }
    pg::Execute("UPDATE " + tables.control.Sql() +
                    " c SET round = $2, took_effect_at = pg_catalog.clock_timestamp(), new_mst_key = $3::pg_catalog.int4, refused = $4 WHERE " +
                    (pg::OnGreenplum() ? RowId() + " OPERATOR(pg_catalog.=) $1" : std::string("c.ctid OPERATOR(pg_catalog.=) $1::pg_catalog.tid")),
                {action.id, action.round, NumberOrNull(action.new_key == 0 ? std::nullopt : std::optional<int64_t>(action.new_key)),
                 TextOrNull(action.refused)});
  }
}

}  // namespace train
