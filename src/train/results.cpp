#include "train/results.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "base/preprocessing.hpp"
#include "data/packed_scale.hpp"
#include "definitions/torchscript.hpp"
#include "pg/cluster.hpp"
#include "pg/report.hpp"
#include "pg/device_settings.hpp"
#include "pg/settings.hpp"
#include "pg/sql.hpp"
#include "plan/evaluation.hpp"
#include "store/own_tables.hpp"
#include "store/result_rows.hpp"
#include "store/result_tables.hpp"
#include "store/training_state.hpp"
#include "train/result_values.hpp"
#include "train/run_parts.hpp"
#include "train/trial_table.hpp"

namespace train {

std::vector<pg::Column> ClassValueColumns(const PreparedFit& fit) {
  const std::vector<pg::Column> columns = pg::TableColumns(fit.training.name.WithSuffix("_summary"), "source_table");
  std::vector<pg::Column> found;
  for (const base::ColumnSpec& target : fit.training.spec.targets) {
    const pg::Column* column = pg::FindColumn(columns, target.name + "_class_values");
    if (column != nullptr) found.push_back(*column);
  }
  return found;
}

namespace {

using store::ResultTable;
using store::ResultValue;

constexpr size_t kVisitsAtOnce = 1000;  // rows an INSERT

std::string PackedSummary(const PreparedFit& fit) { return fit.training.name.WithSuffix("_summary").Sql(); }

std::vector<pg::Column> MissingColumns(const PreparedFit& fit, ResultTable table) {
  return store::MissingColumns(fit.output, table, table == ResultTable::kSummary ? ClassValueColumns(fit) : std::vector<pg::Column>());
}

template <typename T>
pg::Param ValueOrNull(const std::optional<T>& value) {
  return value ? pg::Param(*value) : pg::Param(pg::Null{});
}

void WriteInfo(const PreparedFit& fit, const RunResult& result) {
  store::RowBatch info(fit.output, ResultTable::kInfo);
  for (size_t m = 0; m < fit.models.size(); m++) {
    const PreparedModel& model = fit.models[m];
    if (model.deleted) continue;
    const ModelResult& r = result.models[m];
    std::vector<std::string> metrics;
    for (const base::MetricConfig& metric : model.spec->config.metrics) metrics.push_back(definitions::ShownName(metric.name));
    std::vector<int64_t> iterations;
    std::vector<double> elapsed;
    for (const plan::Evaluation& evaluation : r.evaluations) {
      iterations.push_back(evaluation.iteration);
      elapsed.push_back(evaluation.elapsed);
    }
    const plan::Evaluation* kept = KeptEvaluation(r);
    const bool stopped = r.stopped_iteration != 0;
    const EvaluatedValues training = &plan::Evaluation::training, validation = &plan::Evaluation::validation;
    info.Insert({{"mst_key", static_cast<int64_t>(model.mst_key)},
                      {"model_id", static_cast<int64_t>(model.architecture->model_id)},
                      {"compile_params", model.spec->compile_params},
                      {"fit_params", model.spec->fit_params},
                      {"model_type", std::string("pg_cerebro")},
                      {"model_size", static_cast<double>(model.weight_count()) * sizeof(float) / 1024.0},
                      {"metrics_elapsed_time", elapsed},
                      {"metrics_type", metrics.empty() ? pg::Param(pg::Null{}) : pg::Param(metrics)},
                      {"loss_type", store::LossType(model.spec->config)},
                      {"training_metrics_final", Final(kept, training, 1)},
                      {"training_loss_final", Final(kept, training, 0)},
                      {"training_metrics", Curve(r.evaluations, training, 1)},
                      {"training_loss", Curve(r.evaluations, training, 0)},
                      {"validation_metrics_final", Final(kept, validation, 1)},
                      {"validation_loss_final", Final(kept, validation, 0)},
                      {"validation_metrics", Curve(r.evaluations, validation, 1)},
                      {"validation_loss", Curve(r.evaluations, validation, 0)},
                      {"status", std::string(StatusOf(r))},
                      {"diverged_step", r.diverged_step != 0 ? pg::Param(static_cast<int64_t>(r.diverged_step)) : pg::Param(pg::Null{})},
                      {"parameters", model.spec->graph->WeightCount()},
                      {"metrics_iters", iterations},
                      {"metric_names", model.metric_names()},
                      {"training_metric_values", Curves(r.evaluations, training, model.metric_names().size())},
                      {"validation_metric_values", Curves(r.evaluations, validation, model.metric_names().size())},
                      {"training_seconds", model.past.training_seconds + r.training_seconds},
                      {"iterations_done", r.iterations_done},
                      {"best_iteration", r.best >= 0 ? pg::Param(kept->iteration) : pg::Param(pg::Null{})},
                      {"stopped_iteration", stopped ? pg::Param(model.past.iterations + r.stopped_iteration) : pg::Param(pg::Null{})},
                      {"stopped_by", stopped ? pg::Param(r.stopped_by) : pg::Param(pg::Null{})},
                      {"configuration", static_cast<int64_t>(model.configuration)},
                      {"fold", model.fold > 0 ? pg::Param(static_cast<int64_t>(model.fold)) : pg::Param(pg::Null{})}});
  }
  info.Finish();
}

void WriteVisits(const PreparedFit& fit, const RunResult& result) {
  result.visits.ForEach(kVisitsAtOnce, [&](const std::vector<VisitRecord>& visits) {
    pg::CheckInterrupts();
    std::vector<int64_t> key, iteration, visit, partition, worker, rows;
    std::vector<double> started, ended, loss;
    std::string devices;
    for (const VisitRecord& v : visits) {
      const PreparedModel& model = fit.models[static_cast<size_t>(v.model)];
      if (model.deleted) continue;
      key.push_back(model.mst_key);
      iteration.push_back(model.past.iterations + v.iteration + 1);
      visit.push_back(v.visit + 1);
      partition.push_back(v.partition);
      worker.push_back(v.worker);
      started.push_back(v.started);
      ended.push_back(v.ended);
      loss.push_back(v.loss);
      rows.push_back(v.rows);
      devices += (devices.empty() ? "" : ",") + (v.device < 0 ? std::string("NULL") : std::to_string(v.device));
    }
    store::InsertRows(fit.output, ResultTable::kVisits,
                      {{"mst_key", key},
                       {"iteration", iteration},
                       {"visit", visit},
                       {"partition_id", partition},
                       {"worker", worker},
                       {"started_at", started, "pg_catalog.to_timestamp($)"},
                       {"ended_at", ended, "pg_catalog.to_timestamp($)"},
                       {"loss", loss},
                       {"rows", rows},
                       {"device", "{" + devices + "}"}});
  });
}

// Models of a stored plan are numbered as those of <out>_info.
plan::Plan StoredPlan(const PreparedFit& fit) {
  plan::Plan plan = fit.plan;
  std::vector<int> number;
  int kept_models = 0;
  for (const PreparedModel& model : fit.models) number.push_back(model.deleted ? -1 : kept_models++);
  for (plan::Bundle& bundle : plan.bundles) {
    std::vector<int> kept;
    for (const int m : bundle.models) {
      if (number[static_cast<size_t>(m)] >= 0) kept.push_back(number[static_cast<size_t>(m)]);
    }
    bundle.models = std::move(kept);
  }
  plan.bundles.erase(std::remove_if(plan.bundles.begin(), plan.bundles.end(), [](const plan::Bundle& bundle) { return bundle.models.empty(); }),
                     plan.bundles.end());
  return plan;
}

}  // namespace

void WriteSummary(const FitArguments& a, const PreparedFit& fit, const RunResult& result, double started_at, const std::vector<ResultValue>& more) {
  const pg::Settings settings = pg::CurrentSettings();
  std::vector<std::string> dependent, independent;
  for (const base::ColumnSpec& column : fit.training.spec.targets) dependent.push_back(column.name);
  for (const base::ColumnSpec& column : base::SourceInputs(fit.training.spec)) independent.push_back(column.name);
  const int64_t frequency = a.metrics_compute_frequency.value_or(fit.stopping.early_stopping ? 1 : a.num_iterations);
  std::optional<std::string> validation;
  if (fit.validation) validation = fit.validation->name.Sql();
  const char* time = "pg_catalog.to_timestamp($)::pg_catalog.timestamp";
  std::vector<ResultValue> values = {{"source_table", fit.training.name.Sql()},
                                     {"validation_table", ValueOrNull(validation)},
                                     {"model", fit.output.models.Sql()},
                                     {"model_info", fit.output.info.Sql()},
                                     {"dependent_varname", dependent},
                                     {"independent_varname", independent},
                                     {"model_arch_table", fit.architecture_table.Sql()},
                                     {"model_selection_table", fit.selection_table.Sql()},
                                     {"num_iterations", static_cast<int64_t>(a.num_iterations)},
                                     {"metrics_compute_frequency", frequency},
                                     {"warm_start", a.warm_start},
                                     {"name", ValueOrNull(a.name)},
                                     {"description", ValueOrNull(a.description)},
                                     {"start_training_time", started_at, time},
                                     {"end_training_time", pg::Now(), time},
                                     ResultValue::Expression("pg_cerebro_version",
                                                             "(SELECT e.extversion FROM pg_catalog.pg_extension e"
                                                             " WHERE e.extname OPERATOR(pg_catalog.=) 'pg_cerebro')"),
                                     ResultValue::Expression("num_classes", "s.num_classes"),
                                     ResultValue::Expression("dependent_vartype", "s.dependent_vartype"),
                                     ResultValue::Expression("normalizing_const", "s.normalizing_const"),
                                     {"metrics_iters", result.due},
                                     {"data_spec", base::WriteDataSpec(data::SpecForRows(fit.training))},
                                     {"data_digest", fit.training.digest},
                                     {"seed", static_cast<int64_t>(fit.seed)},
                                     {"plan", plan::WritePlan(StoredPlan(fit))},
                                     {"workers", static_cast<int64_t>(result.workers)},
                                     {"threads", static_cast<int64_t>(settings.threads)},
                                     {"precision", std::string(base::DTypeName(fit.options.precision))},
                                     {"use_gpus", a.use_gpus},
                                     {"build", engine::BuildDescription() + (a.use_gpus ? "; products on devices in " + pg::CurrentDeviceSettings().precision : "")},
                                     {"state_place", result.states_location},
                                     {"early_stopping", ValueOrNull(a.early_stopping)},
                                     {"halving", ValueOrNull(a.halving)},
                                     {"search", ValueOrNull(a.search)},
                                     {"feature_precision", ValueOrNull(fit.frozen.StoredPrecision())},
                                     {"frozen_layers", ValueOrNull(fit.frozen.Ways())},
                                     {"result_format", store::kResultFormat},
                                     {"end_reason", result.end_reason == EndReason::kNone ? pg::Param(pg::Null{})
                                                                                          : pg::Param(std::string(EndReasonName(result.end_reason)))},
                                     {"folds", fit.folds > 0 ? pg::Param(static_cast<int64_t>(fit.folds)) : pg::Param(pg::Null{})}};
  for (const pg::Column& column : ClassValueColumns(fit)) {
    values.push_back(ResultValue::Expression(column.name, "s." + pg::QuoteIdent(column.name)));
  }
  values.insert(values.end(), more.begin(), more.end());
  store::InsertRow(fit.output, ResultTable::kSummary, values, PackedSummary(fit) + " s");
}

namespace {

// Visits of earlier runs stay, of the models that go on: up to the iteration from which they go on, so that an
// iteration is logged once. Iterations of format 1 are shifted first.
void KeepVisits(const PreparedFit& fit) {
  std::vector<int64_t> keys, last, shifts;
  for (const PreparedModel& model : fit.models) {
    if (!model.stored) continue;
    keys.push_back(model.mst_key);
    // the iteration in which a model diverged is not over
    last.push_back(model.stored_diverged_step != 0 ? std::numeric_limits<int32_t>::max() : model.past.iterations);
    shifts.push_back(model.stored_shift);
  }
  const std::string visits = fit.output.visits.Sql();
  const std::string arrays =
      "ROWS FROM (pg_catalog.unnest($1::pg_catalog.int4[]), pg_catalog.unnest($2::pg_catalog.int4[])) AS k(mst_key, n)";
  if (std::any_of(shifts.begin(), shifts.end(), [](int64_t shift) { return shift != 0; })) {
    pg::Execute("UPDATE " + visits + " v SET iteration = v.iteration OPERATOR(pg_catalog.+) k.n FROM " + arrays +
                    " WHERE k.mst_key OPERATOR(pg_catalog.=) v.mst_key",
                {keys, shifts});
  }
  pg::Execute("DELETE FROM " + visits + " v WHERE NOT EXISTS (SELECT 1 FROM " + arrays +
                  " WHERE k.mst_key OPERATOR(pg_catalog.=) v.mst_key AND v.iteration OPERATOR(pg_catalog.<=) k.n)",
              {keys, last});
}

constexpr ResultTable kAllTables[] = {ResultTable::kModels, ResultTable::kInfo, ResultTable::kSummary, ResultTable::kState,
                                      ResultTable::kVisits};

}  // namespace

void CreateResultTables(const FitArguments& a, const PreparedFit& fit) {
  if (a.warm_start) return;
  for (const ResultTable table : kAllTables) {
    store::CreateResultTable(fit.output, table, table == ResultTable::kSummary ? ClassValueColumns(fit) : std::vector<pg::Column>());
  }
}

void RequireRewritable(const PreparedFit& fit) {
  const bool shifted =
      std::any_of(fit.models.begin(), fit.models.end(), [](const PreparedModel& model) { return model.stored_shift != 0; });
  for (const ResultTable table : kAllTables) {
    const pg::TableName& name = fit.output[table];
    store::RequireOfRun(fit.output, table, pg::TableUse::kWrite);
    if (!MissingColumns(fit, table).empty()) pg::RequireOwner(name);
    pg::RequireSelect(name);
    if (table != ResultTable::kVisits) {
      pg::RequireRights(name, {pg::TableRight::kInsert, pg::TableRight::kTruncate});
    } else {
      pg::RequireRights(name, {pg::TableRight::kInsert, pg::TableRight::kDelete});
      if (shifted) pg::RequireRights(name, {pg::TableRight::kUpdate});
    }
  }
}

void ClearResultTables(const FitArguments& a, const PreparedFit& fit) {
  if (!a.warm_start) return;
  AddMissingColumns(fit);
  for (const ResultTable table : kAllTables) {
    if (table != ResultTable::kVisits) pg::Execute("TRUNCATE " + fit.output[table].Sql());
  }
  KeepVisits(fit);
  // the run is an atomic one from now on
  for (const ResultTable which : {ResultTable::kRun, ResultTable::kTrials}) {
    const pg::TableName& table = fit.output[which];
    if (pg::TableExists(table) && store::WhyNotOfRun(fit.output, which, pg::TableUse::kWrite).empty()) pg::Execute("DROP TABLE " + table.Sql());
  }
}

void ClearForCheckpoint(const PreparedFit& fit, const std::vector<bool>& weights) {
  std::vector<int64_t> keys;
  for (const PreparedModel& model : fit.models) keys.push_back(model.mst_key);
  const auto remove = [](const pg::TableName& table, const char* which, const std::vector<int64_t>& models) {
    pg::Execute("DELETE FROM " + table.Sql() + " WHERE " + which + "(mst_key OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.int4[]))", {models});
  };
  if (!fit.progress && fit.stored) {
    for (const ResultTable table : {ResultTable::kModels, ResultTable::kState}) remove(fit.output[table], "NOT ", keys);
    KeepVisits(fit);
  }
  for (const ResultTable table : {ResultTable::kInfo, ResultTable::kSummary}) pg::Execute("DELETE FROM " + fit.output[table].Sql());
  std::vector<int64_t> deleted;
  for (const PreparedModel& model : fit.models) {
    if (model.deleted) deleted.push_back(model.mst_key);
  }
  if (!deleted.empty()) {
    for (const ResultTable table : {ResultTable::kModels, ResultTable::kState, ResultTable::kVisits}) remove(fit.output[table], "", deleted);
  }
  if (weights.empty()) return;
  remove(fit.output.state, "", keys);
  std::vector<int64_t> written;
  for (size_t m = 0; m < keys.size(); m++) {
    if (weights[m]) written.push_back(keys[m]);
  }
  remove(fit.output.models, "", written);
}

void AddMissingColumns(const PreparedFit& fit) {
  for (const ResultTable table : kAllTables) store::AddColumns(fit.output[table], MissingColumns(fit, table));
}

void NoticeDivergedBefore(int mst_key, uint64_t diverged_step) {
  pg::Notice("model mst_key=" + std::to_string(mst_key) + " diverged at step " + std::to_string(diverged_step) +
                 " of an earlier run and is not trained any further",
             "Train it under a new mst_key with other parameters.");
}

void NoticeLargeWeights(int mst_key, size_t bytes) {
  pg::Notice("model_weights of mst_key " + std::to_string(mst_key) + " is NULL: " + std::to_string(bytes) +
                 " bytes are over the limit of " + std::to_string(store::kMostWeightBytes),
             "Read the weights by cerebro.weights(), in pieces.");
}

ModelWriter::ModelWriter(const PreparedFit& fit)
    : fit_(fit), models_(fit.output, ResultTable::kModels), states_(fit.output, ResultTable::kState), encoder_(data::SpecForRows(fit.training)) {}

void ModelWriter::Write(const PreparedModel& model, const void* block, const std::string* best) {
  WriteWeights(model, block, best);
  WriteState(model, block);
}

void ModelWriter::Replace(const PreparedModel& model, const void* block, const std::string* best, bool trained) {
  const auto remove = [&](const pg::TableName& table) {
    pg::Execute("DELETE FROM " + table.Sql() + " WHERE mst_key OPERATOR(pg_catalog.=) $1::pg_catalog.int4",
                {static_cast<int64_t>(model.mst_key)});
  };
  const bool changed = trained || !model.stored || !fit_.progress;  // the first part of a run sets counters of them all
  if (best != nullptr || (changed && !model.keeps_weights)) {
    remove(fit_.output.models);
    WriteWeights(model, block, best);
  }
  if (changed) {
    remove(fit_.output.state);
    WriteState(model, block);
  }
}

void ModelWriter::WriteWeights(const PreparedModel& model, const void* block, const std::string* best) {
  const auto key = static_cast<int64_t>(model.mst_key);
  const size_t weight_bytes = static_cast<size_t>(model.weight_count()) * sizeof(float);
  const bool too_large = weight_bytes > store::kMostWeightBytes;
  std::string own;
  if (too_large) {
    if (!fit_.progress) NoticeLargeWeights(model.mst_key, weight_bytes);
  } else if (best == nullptr) {
    model.program->StoreWeights(block, &own, pg::CheckInterrupts);
  }
  const std::string& weights = best != nullptr ? *best : own;
  models_.Insert({{"mst_key", key},
                  {"model_weights", too_large ? pg::Param(pg::Null{}) : pg::Param(pg::Bytea{weights})},
                  {"model_arch", model.architecture->json}});
}

void ModelWriter::WriteState(const PreparedModel& model, const void* block) {
  const auto key = static_cast<int64_t>(model.mst_key);
  store::StoredPieces pieces(encoder_.Head(*model.spec, model.program->layout(), block), block, model.program->layout());
  for (size_t piece = 0; piece < pieces.count(); piece++) {
    pg::CheckInterrupts();
    states_.Insert({{"mst_key", key}, {"piece", static_cast<int64_t>(piece)}, {"data", pg::Bytea{pieces[piece]}}});
  }
}

void WriteReports(const FitArguments& a, const PreparedFit& fit, const RunResult& result, double started_at) {
  WriteInfo(fit, result);
  WriteVisits(fit, result);
  WriteSummary(a, fit, result, started_at, {});
  if (!fit.living) return;
  std::map<const store::Architecture*, std::string> digests;
  std::map<int64_t, std::string> architectures;
  for (const LivingTrial& trial : result.trials) {
    if (trial.model < 0 || trial.deleted) continue;
    const store::Architecture* const architecture = fit.models[static_cast<size_t>(trial.model)].architecture.get();
    std::string& digest = digests[architecture];
    if (digest.empty()) digest = ArchitectureDigest(*architecture);
    architectures[trial.trial.key] = digest;
  }
  WriteTrials(fit.output, result.trials, std::move(architectures));
}

}  // namespace train
