#include "store/result_tables.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "base/plain_number.hpp"
#include "definitions/torchscript.hpp"
#include "pg/large_value.hpp"
#include "pg/sql.hpp"
#include "plan/params.hpp"
#include "store/group_tables.hpp"
#include "store/registry.hpp"
#include "store/training_state.hpp"
#include "wire/keras.hpp"

namespace store {
namespace {

constexpr size_t kMostKeysInHint = 10;

using base::Error;
using base::ErrorCode;

[[noreturn]] void NoSuchKey(const pg::TableName& table, int mst_key) {
  const pg::Result keys = pg::Read("SELECT mst_key FROM " + table.WithSuffix("_info").Sql() + " ORDER BY mst_key");
  std::string list;
  for (size_t i = 0; i < keys.rows.size() && i < kMostKeysInHint; i++) list += (i > 0 ? ", " : "") + *keys.at(i, 0);
  if (keys.rows.size() > kMostKeysInHint) list += ", ...";
  throw Error(ErrorCode::kUndefinedObject,
              "mst_key " + std::to_string(mst_key) + " does not exist in table " + table.WithSuffix("_info").Text(),
              pg::HiddenRowsDetail(table.WithSuffix("_info")),
              "Its mst_keys are " + list + ".");
}

// A registered model has the key that it had in its run, and needs none.
ModelTable OnlyWithKey(ModelTable table, std::optional<int> mst_key) {
  const int key = table.models.front().mst_key;
  if (!mst_key || *mst_key == key) return table;
  throw Error(ErrorCode::kUndefinedObject, "registered model " + table.name.name + " has no mst_key " + std::to_string(*mst_key), "",
              "Leave mst_key out: a version of a registered model is one model.");
}

}  // namespace

namespace {

// Models of Apache MADlib have weights and architectures, and no description of their data.
void RefuseModelsOfMadlib(const ResultTables& tables, const char* what) {
  if (!pg::TableExists(tables.models) || !pg::TableExists(tables.summary)) return;
  const std::vector<pg::Column> columns = pg::TableColumns(tables.summary, what);
  if (pg::FindColumn(columns, "data_spec") != nullptr || pg::FindColumn(columns, "madlib_version") == nullptr) return;
  throw Error(ErrorCode::kWrongObjectType, "table " + tables.models.Text() + " has models of Apache MADlib", "",
              "Give what cerebro.import_madlib(" + pg::QuoteLiteral(tables.models.Text()) +
                  ", '...') makes of it. CREATE EXTENSION pg_cerebro_madlib has the function.");
}

}  // namespace

ModelTable OpenModelTable(std::string_view name, const char* what, std::optional<int> mst_key) {
  ModelTable table;
  table.name = pg::ParseTableName(name, what);
  if (!pg::TableExists(table.name)) {
    if (std::optional<ModelTable> registered = OpenRegistered(name)) return OnlyWithKey(std::move(*registered), mst_key);
  }
  RequireOrdinaryRun(table.name, what);
  const ResultTables tables(table.name);
  RefuseModelsOfMadlib(tables, what);
  const ResultReader architectures(tables.models, ResultTable::kModels, what, {"mst_key", "model_arch"});
  const ResultReader info(tables.info, ResultTable::kInfo, what, {"mst_key", "model_id", "compile_params", "fit_params", "status"});
  const ResultReader summary(tables.summary, ResultTable::kSummary, what, {"data_spec", "seed", "plan", "precision", "dependent_vartype"});
  const pg::Result run = pg::Read("SELECT " + summary.Columns("s") + " FROM " + summary.Sql() + " s");
  if (run.rows.size() != 1 || !run.at(0, 0) || !run.at(0, 1) || !run.at(0, 2)) {
    throw Error(ErrorCode::kPrerequisiteState,
                "table " + summary.Text() + " must have one complete row, it has " + std::to_string(run.rows.size()),
                pg::HiddenRowsDetail(tables.summary));
  }
  table.data = base::ReadDataSpec(*run.at(0, 0));
  table.seed = base::WholeNumber(run.at(0, 1));
  table.plan = plan::ReadPlan(*run.at(0, 2));
  table.float64 = run.at(0, 3).value_or("") == base::DTypeName(base::DType::kFloat64);
  if (run.at(0, 4)) {
    for (const pg::Cell& type : pg::ParseArrayText(*run.at(0, 4))) table.dependent_vartype.push_back(type.value_or(""));
  }
  const std::string filter = mst_key ? " WHERE i.mst_key OPERATOR(pg_catalog.=) " + std::to_string(*mst_key) : "";
  const pg::Result models =
      pg::Read("SELECT " + info.Columns("i") + ", " + architectures.Columns("m") + " FROM " + info.Sql() + " i JOIN " +
               architectures.Sql() + " m ON m.mst_key OPERATOR(pg_catalog.=) i.mst_key" + filter + " ORDER BY i.mst_key");
  std::map<std::string, std::shared_ptr<const base::Graph>> graphs;
  for (const auto& row : models.rows) {
    StoredModel model;
    model.mst_key = base::WholeInt(row[0]);
    model.model_id = base::WholeInt(row[1].value_or("0"));
    model.compile_params = row[2].value_or("");
    model.fit_params = row[3].value_or("");
    model.status = row[4].value_or("");
    const std::string architecture = row[6].value_or("");
    std::shared_ptr<const base::Graph>& graph = graphs[architecture];
    if (graph == nullptr) graph = std::make_shared<const base::Graph>(wire::ReadKeras(architecture, &table.data));
    model.graph = graph;
    model.config = plan::ReadConfig(model.compile_params, model.fit_params, *graph);
    table.models.push_back(std::move(model));
  }
  if (table.models.empty()) {
    if (mst_key) NoSuchKey(table.name, *mst_key);
    std::string hidden = pg::HiddenRowsDetail(tables.info);
    if (hidden.empty()) hidden = pg::HiddenRowsDetail(tables.models);
    throw Error(ErrorCode::kPrerequisiteState, "table " + info.Text() + " has no models", hidden);
  }
  for (const plan::Bundle& bundle : table.plan.bundles) {
    for (const int m : bundle.models) {
      if (!mst_key && (m < 0 || static_cast<size_t>(m) >= table.models.size())) {
        throw Error(ErrorCode::kDataCorrupted, "the plan in table " + summary.Text() + " names model number " + std::to_string(m) + " of " +
                                                   std::to_string(table.models.size()),
                    pg::HiddenRowsDetail(tables.info));
      }
    }
  }
  return table;
}

namespace {

/// The last run, as far as the count of iterations depends on it.
struct LastRun {
  int64_t format = 1;
  int64_t iterations = 0;
  int partitions = 0;
};

LastRun ReadLastRun(const pg::TableName& table, const char* what) {
  const ResultReader summary(table, ResultTable::kSummary, what, {"result_format", "num_iterations", "plan"});
  const pg::Result row = pg::Read("SELECT " + summary.Columns("s") + " FROM " + summary.Sql() + " s");
  LastRun run;
  if (row.empty()) return run;
  run.format = base::WholeNumber(row.at(0, 0).value_or("1"));
  run.iterations = base::WholeNumber(row.at(0, 1).value_or("0"));
  if (row.at(0, 2)) run.partitions = plan::ReadPlan(*row.at(0, 2)).partitions;
  return run;
}

// Whole iterations that a diverged model was trained in the last run: its log says it.
int64_t IterationsVisited(const ResultTables& tables, const char* what, int mst_key, const LastRun& run) {
  const ResultReader visits(tables.visits, ResultTable::kVisits, what, {"mst_key"});
  const pg::Result count = pg::Read(
      "SELECT pg_catalog.count(*) FROM " + visits.Sql() + " v WHERE v.mst_key OPERATOR(pg_catalog.=) $1::pg_catalog.int4",
      {static_cast<int64_t>(mst_key)});
  return count.Int() / std::max(1, run.partitions);
}


// The elements of an array of one or two dimensions, row by row.
std::vector<pg::Cell> Elements(const pg::Cell& array) {
  if (!array) return {};
  std::string flat = *array;
  flat.erase(std::remove_if(flat.begin(), flat.end(), [](char c) { return c == '{' || c == '}'; }), flat.end());
  return pg::ParseArrayText("{" + flat + "}");
}

/// A row of <out>_info with its curves.
class HistoryReader {
 public:
  HistoryReader(const ResultTables& tables, const char* what)
      : tables_(tables),
        what_(what),
        info_(tables.info, ResultTable::kInfo, what,
              {"mst_key", "iterations_done", "diverged_step", "training_seconds", "loss_type", "metric_names", "status",
               "stopped_iteration", "metrics_iters", "metrics_elapsed_time", "training_metric_values", "validation_metric_values",
               "best_iteration", "stopped_by"}),
        run_(ReadLastRun(tables.summary, what)) {}

  std::vector<StoredHistory> Read() const {
    std::vector<StoredHistory> histories;
    const pg::Result rows = pg::Read("SELECT " + info_.Columns("i") + " FROM " + info_.Sql() + " i ORDER BY 1");
    for (const auto& row : rows.rows) histories.push_back(ReadRow(row));
    return histories;
  }

 private:
  // In the order of info_.
  enum Column : size_t {
    kMstKey, kIterationsDone, kDivergedStep, kTrainingSeconds, kLossType, kMetricNames, kStatus, kStoppedIteration, kMetricsIters, kElapsed,
    kTrainingValues, kValidationValues, kBestIteration, kStoppedBy
  };

  StoredHistory ReadRow(const std::vector<pg::Cell>& row) const {
    StoredHistory history;
    history.mst_key = base::WholeInt(row[kMstKey]);
    history.iterations_done = base::WholeNumber(row[kIterationsDone].value_or("0"));
    history.diverged_step = static_cast<uint64_t>(base::WholeNumber(row[kDivergedStep].value_or("0")));
    history.training_seconds = row[kTrainingSeconds] ? base::RealOrNaN(row[kTrainingSeconds]) : 0;
    history.loss_type = row[kLossType].value_or("");
    history.best_iteration = base::WholeNumber(row[kBestIteration].value_or("0"));
    history.stopped_iteration = base::WholeNumber(row[kStoppedIteration].value_or("0"));
    history.stopped_by = row[kStoppedBy].value_or("");
    if (row[kMetricNames]) {
      for (const pg::Cell& name : pg::ParseArrayText(*row[kMetricNames])) history.metric_names.push_back(name.value_or(""));
    }
    if (run_.format < kResultFormat) history.shift = std::max<int64_t>(0, history.iterations_done - IterationsOfLastRun(row));
    for (const pg::Cell& iteration : Elements(row[kMetricsIters])) {
      plan::Evaluation evaluation;
      evaluation.iteration = base::WholeNumber(iteration.value_or("0")) + history.shift;
      history.evaluations.push_back(std::move(evaluation));
    }
    const std::vector<pg::Cell> elapsed = Elements(row[kElapsed]);
    for (size_t e = 0; e < std::min(elapsed.size(), history.evaluations.size()); e++) {
      if (elapsed[e]) history.evaluations[e].elapsed = base::RealOrNaN(elapsed[e]);
    }
    AddValues(row[kTrainingValues], &plan::Evaluation::training, &history);
    AddValues(row[kValidationValues], &plan::Evaluation::validation, &history);
    return history;
  }

  int64_t IterationsOfLastRun(const std::vector<pg::Cell>& row) const {
    const std::string status = row[kStatus].value_or("");
    if (status == kStatusDiverged) return IterationsVisited(tables_, what_, base::WholeInt(row[kMstKey]), run_);
    if (status == kStatusStopped) return base::WholeNumber(row[kStoppedIteration].value_or("0"));
    return run_.iterations;
  }

  // A row of values an evaluation; NULLs where they were not computed.
  void AddValues(const pg::Cell& array, std::vector<double> plan::Evaluation::*values, StoredHistory* history) const {
    if (!array) return;
    const std::vector<pg::Cell> cells = Elements(array);
    const size_t width = history->metric_names.size();
    if (cells.size() != width * history->evaluations.size()) {
      throw Error(ErrorCode::kDataCorrupted,
                  "table " + info_.Text() + " has " + std::to_string(cells.size()) + " metric values of mst_key " +
                      std::to_string(history->mst_key) + " for " + std::to_string(history->evaluations.size()) + " evaluations of " +
                      std::to_string(width));
    }
    for (size_t e = 0; e < history->evaluations.size(); e++) {
      std::vector<double>& row = history->evaluations[e].*values;
      for (size_t k = 0; k < width; k++) {
        const pg::Cell& cell = cells[e * width + k];
        if (cell) row.push_back(base::RealOrNaN(cell));
      }
    }
  }

  const ResultTables& tables_;
  const char* what_;
  const ResultReader info_;
  const LastRun run_;
};

}  // namespace

std::string LossType(const base::TrainConfig& config) {
  std::string type;
  for (const base::LossConfig& loss : config.losses) type += (type.empty() ? "" : ",") + definitions::ShownName(loss.name);
  return type;
}

std::vector<StoredHistory> ReadHistory(const ResultTables& tables, const char* what) {
  RequireOrdinaryRun(tables.models, what);
  return HistoryReader(tables, what).Read();
}

void ReadState(const ModelTable& table, int mst_key, const std::function<bool(int64_t piece, std::string_view data)>& use) {
  if (table.registered) return table.registered(use);
  const ResultReader state(ResultTables(table.name).state, ResultTable::kState, "model_table", {"data", "mst_key", "piece"});
  for (int64_t piece = 0;; piece++) {
    const pg::Result result =
        pg::Read("SELECT " + state.Columns("s") + " FROM " + state.Sql() +
                     " s WHERE s.mst_key OPERATOR(pg_catalog.=) $1::pg_catalog.int4 AND s.piece OPERATOR(pg_catalog.=) $2::pg_catalog.int4",
                 {static_cast<int64_t>(mst_key), piece});
    if (!result.empty()) {
      if (!result.at(0, 0)) {
        throw Error(ErrorCode::kDataCorrupted, "table " + state.Text() + " has a NULL for a piece of the training state of mst_key " + std::to_string(mst_key));
      }
      if (!use(piece, *result.at(0, 0))) return;
      continue;
    }
    if (piece > 0) return;
    throw Error(ErrorCode::kUndefinedObject, "table " + state.Text() + " has no training state of mst_key " + std::to_string(mst_key), "",
                "Train without warm_start, or restore the table.");
  }
}

std::optional<std::string> ReadWeightColumn(const ModelTable& table, int mst_key) {
  if (table.registered) return std::nullopt;
  if (table.weights) return *table.weights;
  const ResultReader models(table.name, ResultTable::kModels, "model_table", {"model_weights", "mst_key"});
  pg::LargeValue weights =
      pg::ReadLargeValue("m.model_weights", "FROM " + models.Sql() + " m WHERE m.mst_key OPERATOR(pg_catalog.=) $1::pg_catalog.int4",
                         {static_cast<int64_t>(mst_key)});
  if (!weights.found) NoSuchKey(table.name, mst_key);
  return std::move(weights.bytes);
}

std::string ReadWeights(const ModelTable& table, int mst_key) {
  std::optional<std::string> weights = ReadWeightColumn(table, mst_key);
  if (weights) return *std::move(weights);
  StateJoiner state;
  ReadState(table, mst_key, [&](int64_t piece, std::string_view data) {
    state.Add(piece, data);
    return true;
  });
  return StateView(state.bytes()).Weights();
}

}  // namespace store
