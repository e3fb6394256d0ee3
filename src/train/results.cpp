#include "train/results.hpp"

#include <algorithm>
#include <cmath>

#include "base/literal.hpp"
#include "pg/cluster.hpp"
#include "pg/report.hpp"
#include "pg/settings.hpp"
#include "pg/sql.hpp"
#include "store/training_state.hpp"
#include "train/arguments.hpp"
#include "train/prepare.hpp"
#include "train/run.hpp"

namespace train {
namespace {

constexpr size_t kVisitsAtOnce = 1000;                  // rows an INSERT

std::string PackedSummary(const PreparedFit& fit) { return fit.training.name.WithSuffix("_summary").Sql(); }

// "<dep>_class_values", one an encoded dependent variable, as the packed table's summary has them.
std::vector<pg::Column> ClassValueColumns(const PreparedFit& fit) {
  const std::vector<pg::Column> columns = pg::TableColumns(fit.training.name.WithSuffix("_summary"), "source_table");
  std::vector<pg::Column> found;
  for (const base::ColumnSpec& target : fit.training.spec.targets) {
    const pg::Column* column = pg::FindColumn(columns, target.name + "_class_values");
    if (column != nullptr) found.push_back(*column);
  }
  return found;
}

std::string Number(double v) {
  return std::isfinite(v) ? base::FormatNumber(v) : (std::isnan(v) ? "NaN" : (v > 0 ? "Infinity" : "-Infinity"));
}

// A column of a model's history as {v1,v2,...}; at < 0: whole rows as {{...},{...}}.
std::string HistoryText(const std::vector<std::vector<double>>& history, int at) {
  std::string text = "{";
  for (size_t i = 0; i < history.size(); i++) {
    if (i > 0) text += ',';
    if (at >= 0) {
      text += Number(history[i][static_cast<size_t>(at)]);
      continue;
    }
    text += '{';
    for (size_t k = 0; k < history[i].size(); k++) text += (k > 0 ? "," : "") + Number(history[i][k]);
    text += '}';
  }
  return text + "}";
}

pg::Param Optional(const std::optional<std::string>& text) { return text ? pg::Param(*text) : pg::Param(pg::Null{}); }

// Arrays and single numbers that MADlib's users read: NULL where there is nothing.
// final: the due iteration whose weights are kept.
void AddHistory(const std::vector<std::vector<double>>& history, int64_t final, pg::Params* params) {
  const bool any = !history.empty();
  const bool metric = any && history.front().size() > 1;
  params->push_back(metric ? pg::Param(history[static_cast<size_t>(final)][1]) : pg::Param(pg::Null{}));
  params->push_back(any ? pg::Param(history[static_cast<size_t>(final)][0]) : pg::Param(pg::Null{}));
  params->push_back(metric ? pg::Param(HistoryText(history, 1)) : pg::Param(pg::Null{}));
  params->push_back(any ? pg::Param(HistoryText(history, 0)) : pg::Param(pg::Null{}));
  params->push_back(any ? pg::Param(HistoryText(history, -1)) : pg::Param(pg::Null{}));
}

// Typed after the values, so that a NULL among them needs no type of its own.
std::string InsertSql(const pg::TableName& table, const std::vector<std::pair<const char*, const char*>>& columns) {
  std::string names, values;
  for (size_t i = 0; i < columns.size(); i++) {
    names += (i > 0 ? ", " : "") + std::string(columns[i].first);
    values += (i > 0 ? ", $" : "$") + std::to_string(i + 1) + "::" + columns[i].second;
  }
  return "INSERT INTO " + table.Sql() + " (" + names + ") VALUES (" + values + ")";
}

void WriteInfo(const PreparedFit& fit, const RunResult& result) {
  const std::string sql = InsertSql(fit.output.info, {{"mst_key", "integer"},
                                                      {"model_id", "integer"},
                                                      {"compile_params", "text"},
                                                      {"fit_params", "text"},
                                                      {"model_type", "text"},
                                                      {"model_size", "double precision"},
                                                      {"metrics_elapsed_time", "double precision[]"},
                                                      {"metrics_type", "text[]"},
                                                      {"loss_type", "text"},
                                                      {"training_metrics_final", "double precision"},
                                                      {"training_loss_final", "double precision"},
                                                      {"training_metrics", "double precision[]"},
                                                      {"training_loss", "double precision[]"},
                                                      {"training_metric_values", "double precision[]"},
                                                      {"validation_metrics_final", "double precision"},
                                                      {"validation_loss_final", "double precision"},
                                                      {"validation_metrics", "double precision[]"},
                                                      {"validation_loss", "double precision[]"},
                                                      {"validation_metric_values", "double precision[]"},
                                                      {"status", "text"},
                                                      {"diverged_step", "bigint"},
                                                      {"parameters", "bigint"},
                                                      {"metrics_iters", "integer[]"},
                                                      {"metric_names", "text[]"},
                                                      {"training_seconds", "double precision"},
                                                      {"iterations_done", "bigint"},
                                                      {"best_iteration", "integer"},
                                                      {"stopped_iteration", "integer"},
                                                      {"stopped_by", "text"}});
  for (size_t m = 0; m < fit.models.size(); m++) {
    const PreparedModel& model = fit.models[m];
    const ModelResult& r = result.models[m];
    std::vector<std::string> metrics, losses;
    for (const base::MetricConfig& metric : model.spec.config.metrics) metrics.push_back(metric.name);
    std::string loss_type;
    for (const base::LossConfig& loss : model.spec.config.losses) loss_type += (loss_type.empty() ? "" : ",") + loss.name;
    pg::Params params = {static_cast<int64_t>(model.mst_key),
                         static_cast<int64_t>(model.architecture->model_id),
                         model.spec.compile_params,
                         model.spec.fit_params,
                         std::string("pg_cerebro"),
                         static_cast<double>(model.weight_count) * sizeof(float) / 1024.0,
                         r.elapsed,
                         metrics.empty() ? pg::Param(pg::Null{}) : pg::Param(metrics),
                         loss_type};
    // a model that stopped has the first few of the run's evaluations
    const std::vector<int64_t> due(result.due.begin(), result.due.begin() + static_cast<std::ptrdiff_t>(r.training.size()));
    const int64_t final = r.best_due >= 0 ? r.best_due : static_cast<int64_t>(due.size()) - 1;
    AddHistory(r.training, final, &params);
    AddHistory(r.validation, final, &params);
    params.push_back(std::string(r.diverged_step != 0 ? "diverged" : r.stopped_iteration != 0 ? "stopped" : "trained"));
    params.push_back(r.diverged_step != 0 ? pg::Param(static_cast<int64_t>(r.diverged_step)) : pg::Param(pg::Null{}));
    params.push_back(model.spec.graph.WeightCount());
    params.push_back(due);
    params.push_back(model.metric_names);
    params.push_back(r.training_seconds);
    params.push_back(r.iterations_done);
    params.push_back(r.best_due >= 0 ? pg::Param(due[static_cast<size_t>(r.best_due)]) : pg::Param(pg::Null{}));
    params.push_back(r.stopped_iteration != 0 ? pg::Param(r.stopped_iteration) : pg::Param(pg::Null{}));
    params.push_back(r.stopped_iteration != 0 ? pg::Param(r.stopped_by) : pg::Param(pg::Null{}));
    pg::Execute(sql, params);
  }
}

void WriteVisits(const PreparedFit& fit, const RunResult& result) {
  // several arrays side by side: the server knows unnest of many by its bare name only
  const std::string sql =
      "INSERT INTO " + fit.output.visits.Sql() +
      " (mst_key, iteration, visit, partition_id, worker, started_at, ended_at, loss, rows, device)"
      " SELECT k, i, v, p, w, pg_catalog.to_timestamp(s), pg_catalog.to_timestamp(e), l, r, d FROM ROWS FROM (pg_catalog.unnest($1::bigint[]),"
      " pg_catalog.unnest($2::bigint[]), pg_catalog.unnest($3::bigint[]), pg_catalog.unnest($4::bigint[]), pg_catalog.unnest($5::bigint[]),"
      " pg_catalog.unnest($6::double precision[]), pg_catalog.unnest($7::double precision[]), pg_catalog.unnest($8::double precision[]),"
      " pg_catalog.unnest($9::bigint[]), pg_catalog.unnest($10::integer[])) AS u(k, i, v, p, w, s, e, l, r, d)";
  for (size_t from = 0; from < result.visits.size(); from += kVisitsAtOnce) {
    std::vector<int64_t> key, iteration, visit, partition, worker, rows;
    std::vector<double> started, ended, loss;
    std::string devices;
    for (size_t i = from; i < std::min(from + kVisitsAtOnce, result.visits.size()); i++) {
      const VisitRecord& v = result.visits[i];
      key.push_back(fit.models[static_cast<size_t>(v.model)].mst_key);
      iteration.push_back(v.iteration + 1);
      visit.push_back(v.visit + 1);
      partition.push_back(v.partition);
      worker.push_back(v.worker);
      started.push_back(v.started);
      ended.push_back(v.ended);
      loss.push_back(v.loss);
      rows.push_back(v.rows);
      devices += (devices.empty() ? "" : ",") + (v.device < 0 ? std::string("NULL") : std::to_string(v.device));
    }
    pg::Execute(sql, {key, iteration, visit, partition, worker, started, ended, loss, rows, "{" + devices + "}"});
  }
}

void WriteSummary(const FitArguments& a, const PreparedFit& fit, const RunResult& result, double started_at) {
  const pg::Settings settings = pg::CurrentSettings();
  std::vector<std::string> dependent, independent;
  for (const base::ColumnSpec& column : fit.training.spec.targets) dependent.push_back(column.name);
  for (const base::ColumnSpec& column : fit.training.spec.inputs) independent.push_back(column.name);
  std::string names =
      "source_table, validation_table, model, model_info, dependent_varname, independent_varname, model_arch_table, model_selection_table,"
      " object_table, num_iterations, metrics_compute_frequency, warm_start, name, description, start_training_time, end_training_time,"
      " pg_cerebro_version, dependent_vartype, normalizing_const, num_classes, metrics_iters, data_spec, data_digest, seed, plan, workers, "
      "threads,"
      " precision, use_gpus, build, state_place, early_stopping, halving";
  std::string values =
      "$1, $2, $3, $4, $5, $6, $7, $8, NULL, $9::integer, $10::integer, $11, $12, $13, pg_catalog.to_timestamp($14)::timestamp,"
      " pg_catalog.to_timestamp($15)::timestamp,"
      " (SELECT extversion FROM pg_catalog.pg_extension WHERE extname OPERATOR(pg_catalog.=) 'pg_cerebro'), s.dependent_vartype,"
      " s.normalizing_const, s.num_classes, $16::integer[], $17, $18, $19, $20::pg_catalog.json, $21::integer, $22::integer, $23, $24, $25,"
      " $26, $27, $28";
  for (const pg::Column& column : ClassValueColumns(fit)) {
    names += ", " + pg::QuoteIdent(column.name);
    values += ", s." + pg::QuoteIdent(column.name);
  }
  const std::string validation = fit.validation ? fit.validation->name.Sql() : std::string();
  pg::Execute("INSERT INTO " + fit.output.summary.Sql() + " (" + names + ") SELECT " + values + " FROM " + PackedSummary(fit) + " s",
              {fit.training.name.Sql(),
               fit.validation ? pg::Param(validation) : pg::Param(pg::Null{}),
               fit.output.models.Sql(),
               fit.output.info.Sql(),
               dependent,
               independent,
               fit.architecture_table.Sql(),
               fit.selection_table.Sql(),
               static_cast<int64_t>(a.num_iterations),
               static_cast<int64_t>(a.metrics_compute_frequency.value_or(fit.stopping.early_stopping ? 1 : a.num_iterations)),
               a.warm_start,
               Optional(a.name),
               Optional(a.description),
               started_at,
               pg::Now(),
               result.due,
               base::WriteDataSpec(fit.training.spec),
               fit.training.digest,
               static_cast<int64_t>(fit.seed),
               plan::WritePlan(fit.plan),
               static_cast<int64_t>(result.workers),
               static_cast<int64_t>(settings.threads),
               std::string(base::DTypeName(fit.options.precision)),
               a.use_gpus,
               engine::BuildDescription(),
               result.states_location,
               Optional(a.early_stopping),
               Optional(a.halving)});
}

}  // namespace

void CreateResultTables(const FitArguments& a, const PreparedFit& fit) {
  if (a.warm_start) return;
  const OutputTables& out = fit.output;
  pg::Execute("CREATE TABLE " + out.models.Sql() + " (mst_key integer NOT NULL, model_weights bytea, model_arch json)" + pg::DistributedBy("mst_key"));
  pg::Execute("ALTER TABLE " + out.models.Sql() + " ALTER COLUMN model_weights SET STORAGE EXTERNAL");
  pg::Execute(
      "CREATE TABLE " + out.info.Sql() +
      " (mst_key integer PRIMARY KEY, model_id integer, compile_params text, fit_params text, model_type text, model_size double precision,"
      " metrics_elapsed_time double precision[], metrics_type text[], loss_type text, training_metrics_final double precision,"
      " training_loss_final double precision, training_metrics double precision[], training_loss double precision[],"
      " validation_metrics_final double precision, validation_loss_final double precision, validation_metrics double precision[],"
      " validation_loss double precision[], status text, diverged_step bigint, parameters bigint, metrics_iters integer[], metric_names "
      "text[],"
      " training_metric_values double precision[], validation_metric_values double precision[], training_seconds double precision,"
      " iterations_done bigint, best_iteration integer, stopped_iteration integer, stopped_by text)" + pg::DistributedBy("mst_key"));
  std::string class_values;
  for (const pg::Column& column : ClassValueColumns(fit)) class_values += ", " + pg::QuoteIdent(column.name) + " " + column.type;
  pg::Execute(
      "CREATE TABLE " + out.summary.Sql() +
      " (source_table text, validation_table text, model text, model_info text, dependent_varname text[], independent_varname text[],"
      " model_arch_table text, model_selection_table text, object_table text, num_iterations integer, metrics_compute_frequency integer,"
      " warm_start boolean, name text, description text, start_training_time timestamp, end_training_time timestamp, pg_cerebro_version "
      "text,"
      " num_classes integer[], dependent_vartype text[], normalizing_const real, metrics_iters integer[], data_spec text, data_digest text,"
      " seed bigint, plan json, workers integer, threads integer, precision text, use_gpus boolean, build text, state_place text,"
      " early_stopping text, halving text" +
      class_values + ")" + pg::DistributedBy("model"));
  pg::Execute("CREATE TABLE " + out.state.Sql() +
              " (mst_key integer NOT NULL, piece integer NOT NULL, data bytea NOT NULL, PRIMARY KEY (mst_key, piece))" + pg::DistributedBy("mst_key"));
  pg::Execute("ALTER TABLE " + out.state.Sql() + " ALTER COLUMN data SET STORAGE EXTERNAL");
  pg::Execute("CREATE TABLE " + out.visits.Sql() +
              " (mst_key integer, iteration integer, visit integer, partition_id integer, worker integer, started_at timestamptz, ended_at "
              "timestamptz,"
              " loss double precision, rows bigint, device integer)" + pg::DistributedBy("mst_key"));
}

void ClearResultTables(const FitArguments& a, const PreparedFit& fit) {
  if (!a.warm_start) return;
  for (const pg::TableName& table : fit.output.All()) pg::Execute("TRUNCATE " + table.Sql());
}

void NoticeDivergedBefore(int mst_key, uint64_t step) {
  pg::Notice("model mst_key=" + std::to_string(mst_key) + " diverged at step " + std::to_string(step) +
                 " of an earlier run and is not trained any further",
             "Train it under a new mst_key with other parameters.");
}

void NoticeLargeWeights(int mst_key, size_t bytes) {
  pg::Notice("model_weights of mst_key " + std::to_string(mst_key) + " is NULL: " + std::to_string(bytes) + " bytes are over the limit of " +
                 std::to_string(store::kMostWeightBytes),
             "Read the weights by cerebro.weights(), in pieces.");
}

void WriteModel(const PreparedFit& fit, size_t model, const std::string& weights, const std::string& state) {
  const auto key = static_cast<int64_t>(fit.models[model].mst_key);
  const bool too_large = weights.size() > store::kMostWeightBytes;
  if (too_large) NoticeLargeWeights(fit.models[model].mst_key, weights.size());
  pg::Execute(InsertSql(fit.output.models, {{"mst_key", "integer"}, {"model_weights", "bytea"}, {"model_arch", "pg_catalog.json"}}),
              {key, too_large ? pg::Param(pg::Null{}) : pg::Param(pg::Bytea{weights}), fit.models[model].architecture->json});
  const std::string states = InsertSql(fit.output.state, {{"mst_key", "integer"}, {"piece", "integer"}, {"data", "bytea"}});
  const store::StatePieces pieces(state);
  for (size_t piece = 0; piece < pieces.count(); piece++) {
    pg::Execute(states, {key, static_cast<int64_t>(piece), pg::Bytea{pieces[piece]}});
  }
}

void WriteReports(const FitArguments& a, const PreparedFit& fit, const RunResult& result, double started_at) {
  WriteInfo(fit, result);
  WriteVisits(fit, result);
  WriteSummary(a, fit, result, started_at);
}

}  // namespace train
