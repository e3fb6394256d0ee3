#include "train/group_results.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.hpp"
#include "base/literal.hpp"
#include "definitions/torchscript.hpp"
#include "pg/cluster.hpp"
#include "pg/key_type.hpp"
#include "pg/names.hpp"
#include "pg/report.hpp"
#include "pg/sql.hpp"
#include "train/result_values.hpp"
#include "train/results.hpp"

namespace train {
namespace {

using base::Error;
using base::ErrorCode;
using store::ResultTable;

constexpr int kTupleTarget = 8160;  // bytes: the most that the server takes
constexpr size_t kMostGatheredBytes = size_t{16} << 20;
constexpr size_t kMostGatheredModels = 4000;
constexpr size_t kMostGatheredModelBytes = size_t{256} << 10;
constexpr size_t kMostGathered = 4096;  // rows of <out>_groups

constexpr const char* kSummaryMore[][2] = {{store::kRunGroupingColumn, "pg_catalog.text[]"},
                                           {"groups_table", "pg_catalog.text"},
                                           {"groups", "pg_catalog.int8"},
                                           {"trained_groups", "pg_catalog.int8"},
                                           {"diverged_groups", "pg_catalog.int8"},
                                           {"failed_groups", "pg_catalog.int8"},
                                           {"skipped_groups", "pg_catalog.int8"},
                                           {"global_mst_key", "pg_catalog.int4"},
                                           {"promote", "pg_catalog.text"},
                                           {"arguments", "pg_catalog.json"}};

std::string KeyList(const data::GroupedTable& table, const std::string& alias) {
  std::string list;
  for (const pg::Column& key : table.keys) list += ", " + alias + pg::QuoteIdent(key.name);
  return list;
}

// What cerebro.refresh needs of the call besides what any run's summary has.
std::string DescribeMore(const FitArguments& a) {
  base::Dict more;
  more.emplace_back("restore_best", a.restore_best);
  more.emplace_back("warm_start_groups", a.warm_start_groups);
  if (a.max_failed_groups) more.emplace_back("max_failed_groups", *a.max_failed_groups);
  return base::FormatJson(base::Value(std::move(more)));
}

// The name by which the models of all groups are compared.
std::string CommonMetricOf(const PreparedFit& fit) {
  std::vector<const std::vector<std::string>*> names;
  for (const PreparedModel& model : fit.models) names.push_back(&model.metric_names());
  return plan::CommonMetric(names);
}

std::optional<double> NumberOr(double value) { return std::isnan(value) ? std::nullopt : std::optional<double>(value); }
std::string TextOf(const std::optional<double>& value) { return value ? pg::NumberText(*value) : std::string(); }

void CreateGroupsTable(const PreparedFit& fit, const data::GroupedTable& training) {
  for (const pg::Column& key : training.keys) {
    for (const store::ResultColumn& column : store::ColumnsOf(ResultTable::kGroups)) {
      if (key.name != column.name) continue;
      throw Error(ErrorCode::kInvalidParameter,
                  "grouping column \"" + key.name + "\" has the name of a column of table " + fit.output.groups.Text(),
                  "", "Give the column another name in a view over the source table, and pack the view.");
    }
  }
  std::string columns;
  for (const store::ResultColumn& column : store::ColumnsOf(ResultTable::kGroups)) {
    columns += (columns.empty() ? "" : ", ") + std::string(column.name) + " " + column.type;
    if (*column.constraint != 0) columns += std::string(" ") + column.constraint;
    if (columns.find(',') != std::string::npos) continue;
    for (const pg::Column& key : training.keys) {
      columns += ", " + pg::QuoteIdent(key.name) + " " + key.sql_type +
                 pg::KeyTypeOf(training.groups_table, key.name).collate;
    }
  }
  pg::Execute("CREATE TABLE " + fit.output.groups.Sql() + " (" + columns + ")" + pg::DistributedBy("group_id"));
  // predictions look groups up by their keys
  std::string keys;
  for (const pg::Column& key : training.keys) keys += (keys.empty() ? "" : ", ") + pg::QuoteIdent(key.name);
  pg::Execute("CREATE INDEX ON " + fit.output.groups.Sql() + " (" + keys + ")");
}

}  // namespace

void CreateGroupTables(const PreparedFit& fit, const data::GroupedTable& training) {
  std::vector<pg::Column> more = ClassValueColumns(fit);
  for (const auto& column : kSummaryMore) {
    pg::Column added;
    added.name = column[0];
    added.sql_type = column[1];
    more.push_back(std::move(added));
  }
  for (const ResultTable table : {ResultTable::kGroupModels, ResultTable::kGroupInfo, ResultTable::kConfigurations}) {
    store::CreateResultTable(fit.output, table);
  }
  // weights of a few kilobytes stay in their rows: a value elsewhere is several rows more
  if (!pg::OnGreenplum()) {
    pg::Execute("ALTER TABLE " + fit.output.models.Sql() + " SET (toast_tuple_target = " + std::to_string(kTupleTarget) +
                ")");
  }
  store::CreateResultTable(fit.output, ResultTable::kSummary, more);
  CreateGroupsTable(fit, training);
}

GroupWriter::GroupWriter(const PreparedFit& fit, const data::GroupedTable& training, const GlobalModel* global)
    : fit_(fit),
      training_(training),
      global_(global),
      metric_(CommonMetricOf(fit)),
      models_(fit.output, ResultTable::kGroupModels),
      info_(fit.output, ResultTable::kGroupInfo) {}

// The best own model by the rule of the leaderboard, held against the global one over the same rows.
GroupWriter::Choice GroupWriter::Choose(const data::Group& group, const GroupOutcome& outcome) const {
  Choice choice;
  choice.status = outcome.error.empty() ? store::kStatusTrained : store::kStatusFailed;
  choice.reason = outcome.error;
  plan::Standing best;
  size_t own = outcome.models.size();
  for (size_t m = 0; m < outcome.models.size(); m++) {
    const plan::Evaluation* kept = KeptEvaluation(outcome.models[m]);
    plan::Standing standing = kept == nullptr ? plan::Standing() : plan::StandingOf(kept->scores(), !metric_.empty());
    standing.mst_key = fit_.models[m].mst_key;
    standing.diverged = outcome.models[m].diverged_step != 0;
    if (own == outcome.models.size() || plan::StandsBefore(metric_, standing, best)) {
      best = standing;
      own = m;
    }
  }
  const bool usable = own < outcome.models.size() && !best.diverged;
  if (outcome.error.empty() && !usable) {
    choice.status = store::kStatusDiverged;
    choice.reason = "all of its models have diverged: their loss became NaN or infinite";
  }
  plan::Standing global = plan::StandingOf(outcome.compared, !metric_.empty());
  if (!outcome.compared.empty()) choice.global_value = NumberOr(metric_.empty() ? global.loss : global.metric);
  if (usable) {
    choice.value = NumberOr(metric_.empty() ? best.loss : best.metric);
    choice.loss = NumberOr(best.loss);
  }
  const bool judged = group.validation_rows > 0 && fit_.validation;
  const bool keeps =
      usable && (global_ == nullptr || !global_->must_be_beaten || (judged && plan::IsBetter(metric_, best, global)));
  if (keeps) {
    choice.chosen = store::kChosenOwn;
    choice.mst_key = fit_.models[own].mst_key;
  } else if (global_ != nullptr) {
    choice.chosen = store::kChosenGlobal;
    choice.mst_key = global_->mst_key;
  }
  return choice;
}

void GroupWriter::Write(const data::Group& group, const GroupOutcome& outcome) {
  const Choice choice = Choose(group, outcome);
  for (size_t m = 0; m < outcome.models.size(); m++) {
    WriteModel(group, m, outcome);
    WriteInfo(group, m, outcome.models[m]);
  }
  if (choice.status == store::kStatusTrained) counts_.trained++;
  if (choice.status == store::kStatusDiverged) counts_.diverged++;
  if (choice.status == store::kStatusFailed) counts_.failed++;
  counts_.models += static_cast<int64_t>(outcome.models.size());
  if (first_failed_ == 0 && choice.status != store::kStatusTrained) {
    first_failed_ = group.id;
    first_error_ = choice.reason;
  }
  AddGroup(group, choice, std::max(0.0, outcome.ended - outcome.started));
  if (ids_.size() >= kMostGathered) Flush();
}

// A statement has a price of its own, which is more than that of a small model's row. A large model would only be copied
// once more.
void GroupWriter::WriteModel(const data::Group& group, size_t m, const GroupOutcome& outcome) {
  if (pg::OnGreenplum() || outcome.weights[m].size() <= kMostGatheredModelBytes) {
    gathered_.groups.push_back(group.id);
    gathered_.keys.push_back(fit_.models[m].mst_key);
    gathered_.begins.push_back(static_cast<int64_t>(gathered_.weights.size()) + 1);
    gathered_.sizes.push_back(static_cast<int64_t>(outcome.weights[m].size()));
    gathered_.weights += outcome.weights[m];
    if (gathered_.weights.size() >= kMostGatheredBytes || gathered_.keys.size() >= kMostGatheredModels) WriteGathered();
    return;
  }
  WriteGathered();
  models_.Insert({{"group_id", group.id},
                  {"mst_key", static_cast<int64_t>(fit_.models[m].mst_key)},
                  {"model_weights", pg::Bytea{outcome.weights[m]}}});
}

// All weights are one parameter, of which each row takes its part.
void GroupWriter::WriteGathered() {
  if (gathered_.keys.empty()) return;
  pg::Execute(store::InsertInto(fit_.output, ResultTable::kGroupModels, {"group_id", "mst_key", "model_weights"}) +
                  " SELECT u.group_id, u.mst_key::pg_catalog.int4, pg_catalog.substr($1, u.first::pg_catalog.int4, u.size::pg_catalog.int4)"
                  " FROM ROWS FROM (pg_catalog.unnest($2), pg_catalog.unnest($3), pg_catalog.unnest($4), pg_catalog.unnest($5))"
                  " AS u(group_id, mst_key, first, size)",
              {pg::Bytea{gathered_.weights}, gathered_.groups, gathered_.keys, gathered_.begins, gathered_.sizes});
  gathered_ = {};
}

void GroupWriter::WriteInfo(const data::Group& group, size_t m, const ModelResult& result) {
  const PreparedModel& model = fit_.models[m];
  const plan::Evaluation* kept = KeptEvaluation(result);
  const EvaluatedValues training = &plan::Evaluation::training, validation = &plan::Evaluation::validation;
  std::vector<int64_t> iterations;
  std::vector<double> elapsed;
  for (const plan::Evaluation& evaluation : result.evaluations) {
    iterations.push_back(evaluation.iteration);
    elapsed.push_back(evaluation.elapsed);
  }
  const size_t metrics = model.metric_names().size();
  const bool stopped = result.stopped_iteration != 0;
  info_.Insert({{"group_id", group.id},
                {"mst_key", static_cast<int64_t>(model.mst_key)},
                {"status", std::string(StatusOf(result))},
                {"diverged_step", result.diverged_step != 0 ? pg::Param(static_cast<int64_t>(result.diverged_step))
                                                            : pg::Param(pg::Null{})},
                {"training_loss_final", Final(kept, training, 0)},
                {"training_metrics_final", Final(kept, training, 1)},
                {"validation_loss_final", Final(kept, validation, 0)},
                {"validation_metrics_final", Final(kept, validation, 1)},
                {"metrics_iters", iterations},
                {"metrics_elapsed_time", elapsed},
                {"training_loss", Curve(result.evaluations, training, 0)},
                {"training_metrics", Curve(result.evaluations, training, 1)},
                {"validation_loss", Curve(result.evaluations, validation, 0)},
                {"validation_metrics", Curve(result.evaluations, validation, 1)},
                {"training_metric_values", Curves(result.evaluations, training, metrics)},
                {"validation_metric_values", Curves(result.evaluations, validation, metrics)},
                {"training_seconds", result.training_seconds},
                {"iterations_done", result.iterations_done},
                {"best_iteration", result.best >= 0 ? pg::Param(kept->iteration) : pg::Param(pg::Null{})},
                {"stopped_iteration", stopped ? pg::Param(result.stopped_iteration) : pg::Param(pg::Null{})},
                {"stopped_by", stopped ? pg::Param(result.stopped_by) : pg::Param(pg::Null{})}});
}

void GroupWriter::AddGroup(const data::Group& group, const Choice& choice, double seconds) {
  ids_.push_back(group.id);
  statuses_.push_back(choice.status);
  reasons_.push_back(choice.reason);
  chosen_.emplace_back(choice.chosen == nullptr ? "" : choice.chosen);
  keys_.push_back(choice.chosen == nullptr ? "" : std::to_string(choice.mst_key));
  values_.push_back(TextOf(choice.value));
  losses_.push_back(TextOf(choice.loss));
  global_values_.push_back(TextOf(choice.global_value));
  seconds_.push_back(seconds);
  if (choice.chosen == store::kChosenOwn) counts_.own++;
  if (choice.chosen == store::kChosenGlobal) counts_.global++;
}

// One statement for all groups that are gathered; their key columns are those of the packed table's groups.
void GroupWriter::Flush() {
  WriteGathered();
  info_.Finish();
  if (ids_.empty()) return;
  const auto number = [](const char* column, const char* type) {
    return std::string("NULLIF(u.") + column + ", '')::pg_catalog." + type;
  };
  pg::Execute(
      "INSERT INTO " + fit_.output.groups.Sql() + " (group_id" + KeyList(training_, "") +
          ", group_rows, validation_rows, digest, constants, status, reason, chosen, mst_key, metric, value, loss, "
          "global_value, seconds)"
          " SELECT g.group_id" +
          KeyList(training_, "g.") + ", g.group_rows, g.validation_rows, g.digest, " +
          (training_.own_constants ? "g.constants::pg_catalog.json" : "NULL") +
          ", u.status, NULLIF(u.reason, ''), NULLIF(u.chosen, ''), " + number("k", "int4") + ", $10, " +
          number("value", "float8") + ", " + number("loss", "float8") + ", " + number("global_value", "float8") +
          ", u.seconds FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.int8[]), "
          "pg_catalog.unnest($2::pg_catalog.text[]),"
          " pg_catalog.unnest($3::pg_catalog.text[]), pg_catalog.unnest($4::pg_catalog.text[]), "
          "pg_catalog.unnest($5::pg_catalog.text[]),"
          " pg_catalog.unnest($6::pg_catalog.text[]), pg_catalog.unnest($7::pg_catalog.text[]), "
          "pg_catalog.unnest($8::pg_catalog.text[]),"
          " pg_catalog.unnest($9::pg_catalog.float8[])) AS u(group_id, status, reason, chosen, k, value, loss, "
          "global_value, seconds) JOIN " +
          training_.groups_table.Sql() + " AS g ON g.group_id OPERATOR(pg_catalog.=) u.group_id ORDER BY g.group_id",
      {ids_, statuses_, reasons_, chosen_, keys_, values_, losses_, global_values_, seconds_,
       pg::Param(metric_.empty() ? std::string("loss") : metric_)});
  ids_.clear();
  for (std::vector<std::string>* texts : {&statuses_, &reasons_, &chosen_, &keys_, &values_, &losses_, &global_values_})
    texts->clear();
  seconds_.clear();
}

GroupCounts GroupWriter::Finish() {
  Flush();
  const pg::Result skipped = pg::Execute(
      "INSERT INTO " + fit_.output.groups.Sql() + " (group_id" + KeyList(training_, "") +
          ", group_rows, validation_rows, status, reason, chosen, mst_key, metric) SELECT g.group_id" +
          KeyList(training_, "g.") +
          ", g.group_rows, g.validation_rows, $1, g.reason, $2, $3::pg_catalog.int4, $4 FROM " +
          training_.groups_table.Sql() + " AS g WHERE g.partitions OPERATOR(pg_catalog.=) 0 ORDER BY g.group_id",
      {std::string(store::kStatusSkipped),
       global_ ? pg::Param(std::string(store::kChosenGlobal)) : pg::Param(pg::Null{}),
       global_ ? pg::Param(std::to_string(global_->mst_key)) : pg::Param(pg::Null{}),
       metric_.empty() ? std::string("loss") : metric_});
  counts_.skipped = static_cast<int64_t>(skipped.processed);
  if (global_ != nullptr) counts_.global += counts_.skipped;
  return counts_;
}

void WriteConfigurations(const PreparedFit& fit) {
  store::RowInserter configurations(fit.output, ResultTable::kConfigurations);
  for (const PreparedModel& model : fit.models) {
    std::vector<std::string> metrics;
    for (const base::MetricConfig& metric : model.spec->config.metrics) metrics.push_back(definitions::ShownName(metric.name));
    configurations.Insert({{"mst_key", static_cast<int64_t>(model.mst_key)},
                           {"model_id", static_cast<int64_t>(model.architecture->model_id)},
                           {"model_arch", model.architecture->json},
                           {"compile_params", model.spec->compile_params},
                           {"fit_params", model.spec->fit_params},
                           {"model_type", std::string("pg_cerebro")},
                           {"model_size", static_cast<double>(model.weight_count()) * sizeof(float) / 1024.0},
                           {"parameters", model.spec->graph->WeightCount()},
                           {"loss_type", store::LossType(model.spec->config)},
                           {"metrics_type", metrics.empty() ? pg::Param(pg::Null{}) : pg::Param(metrics)},
                           {"metric_names", model.metric_names()}});
  }
}

void WriteGroupSummary(const FitArguments& a, const PreparedFit& fit, const data::GroupedTable& training,
                       const GroupCounts& counts, const GlobalModel* global, int workers, double started_at) {
  RunResult result;
  result.end_reason = EndReason::kIterations;
  result.workers = workers;
  result.states_location = StatesLocationName(workers > 0 ? StatesLocation::kSharedMemory : StatesLocation::kSession);
  result.due = fit.due.First(static_cast<size_t>(fit.due.count()));
  std::vector<std::string> keys;
  for (const pg::Column& key : training.keys) keys.push_back(key.name);
  const auto count = [](const char* column, int64_t n) { return store::ResultValue(column, n, "$::pg_catalog.int8"); };
  const std::vector<store::ResultValue> more = {
      {store::kRunGroupingColumn, keys, "$::pg_catalog.text[]"},
      {"groups_table", training.groups_table.Sql(), "$::pg_catalog.text"},
      count("groups", counts.trained + counts.diverged + counts.failed + counts.skipped),
      count("trained_groups", counts.trained),
      count("diverged_groups", counts.diverged),
      count("failed_groups", counts.failed),
      count("skipped_groups", counts.skipped),
      {"global_mst_key", global ? pg::Param(std::to_string(global->mst_key)) : pg::Param(pg::Null{}),
       "$::pg_catalog.int4"},
      {"promote", a.promote ? pg::Param(*a.promote) : pg::Param(pg::Null{}), "$::pg_catalog.text"},
      {"arguments", DescribeMore(a), "$::pg_catalog.json"}};
  WriteSummary(a, fit, result, started_at, more);
}

}  // namespace train
