#include "segments/segment_fit.hpp"

#include <string>
#include <utility>
#include <vector>

#include "engine/model.hpp"
#include "pg/report.hpp"
#include "pg/sql.hpp"
#include "data/segment_map.hpp"
#include "segments/messages.hpp"
#include "segments/segment_driver.hpp"
#include "segments/segment_process.hpp"
#include "segments/segment_report.hpp"
#include "segments/state_tables.hpp"
#include "store/training_state.hpp"
#include "train/arguments.hpp"
#include "train/prepare.hpp"
#include "train/results.hpp"
#include "train/run.hpp"

namespace segments {
namespace {

constexpr const char* kAnyKey = "0";  // a model that does not train may lie anywhere

std::string Row(const std::vector<std::string>& values) {
  std::string row;
  for (const std::string& v : values) row += (row.empty() ? "(" : ", ") + v;
  return row + ")";
}

std::string Join(const std::vector<std::string>& rows) {
  std::string list;
  for (const std::string& row : rows) list += (list.empty() ? "" : ", ") + row;
  return list;
}

EntryKind KindOf(const train::PreparedModel& model) {
  if (model.stored) return EntryKind::kState;
  return model.architecture->weights ? EntryKind::kWeights : EntryKind::kFresh;
}

// A seed a model, small, from here; stored states and weights go from the tables where they lie straight to the segments.
void EnterModels(const train::PreparedFit& fit, const StateTables& tables, const SegmentRunRequest& request) {
  std::vector<std::string> states, weights, diverged;
  pg::Statement seed_row("INSERT INTO " + tables.Sql("a") + " VALUES ($1::pg_catalog.int4, $2::pg_catalog.int4, " +
                             std::to_string(kEntryPiece) + ", 0, $3, NULL)",
                         {"int8", "int8", "bytea"}, false);
  for (size_t b = 0; b < fit.plan.bundles.size(); b++) {
    const int partition = fit.plan.PartitionAt(static_cast<int>(b), fit.first_iteration[b], 0);
    const int64_t key = request.training.keys[static_cast<size_t>(partition)];
    for (const int m : fit.plan.bundles[b].models) {
      pg::CheckInterrupts();
      const train::PreparedModel& model = fit.models[static_cast<size_t>(m)];
      const std::string mst_key = std::to_string(model.mst_key), number = std::to_string(m);
      if (request.diverged[static_cast<size_t>(m)] != 0) {
        diverged.push_back(Row({mst_key, kAnyKey, number}));
        train::NoticeDivergedBefore(model.mst_key, model.stored_diverged_step);
        continue;
      }
      ModelEntry seed;
      seed.kind = KindOf(model);
      seed.spec = model.spec;
      seed.data = fit.training.spec;
      seed.precision = fit.options.precision;
      seed.seed = fit.seed;
      seed.stream = static_cast<uint64_t>(static_cast<int64_t>(model.mst_key));
      seed.partitions = static_cast<uint32_t>(fit.training.spec.num_partitions);
      const std::string bytes = WriteModelEntry(seed);
      seed_row.Run({key, static_cast<int64_t>(m), pg::Bytea{bytes}});
      if (seed.kind == EntryKind::kState) states.push_back(Row({mst_key, std::to_string(key), number}));
      if (seed.kind == EntryKind::kWeights) weights.push_back(Row({std::to_string(model.architecture->model_id), std::to_string(key), number}));
    }
  }
  const auto copy = [&](const std::string& to, const std::vector<std::string>& rows) {
    if (rows.empty()) return;
    pg::Execute("INSERT INTO " + tables.Sql(to) + " SELECT v.key, v.model, s.piece, pg_catalog.octet_length(s.data), s.data, NULL FROM " +
                fit.output.state.Sql() + " s JOIN (VALUES " + Join(rows) +
                ") v(mst_key, key, model) ON s.mst_key OPERATOR(pg_catalog.=) v.mst_key");
  };
  copy("a", states);
  copy("rest", diverged);
  if (!weights.empty()) {
    pg::Execute("INSERT INTO " + tables.Sql("a") + " SELECT v.key, v.model, 0, 0, w.model_weights, NULL FROM " +
                fit.architecture_table.Sql() + " w JOIN (VALUES " + Join(weights) +
                ") v(model_id, key, model) ON w.model_id OPERATOR(pg_catalog.=) v.model_id");
  }
}

std::string ModelRows(const train::PreparedFit& fit) {
  std::vector<std::string> rows;
  for (size_t m = 0; m < fit.models.size(); m++) {
    rows.push_back(Row({std::to_string(m), std::to_string(fit.models[m].mst_key), std::to_string(fit.models[m].architecture->model_id)}));
  }
  return "(VALUES " + Join(rows) + ") v(model, mst_key, model_id)";
}

// Straight from the segments' tables into the results.
void StoreModels(const train::PreparedFit& fit, const StateTables& tables, const SegmentRunResult& result) {
  pg::Execute("INSERT INTO " + fit.output.state.Sql() + " (mst_key, piece, data) SELECT v.mst_key, h.piece, h.data FROM " +
              tables.StatesSql(result.states, "h.model, h.piece, h.data") + " h JOIN " + ModelRows(fit) +
              " ON h.model OPERATOR(pg_catalog.=) v.model");
  StateLocations weights = result.best;  // of the other models their last ones
  for (const auto& [table, models] : result.states) {
    for (const int m : models) {
      if (result.hop.models[static_cast<size_t>(m)].best_due < 0) weights[table].push_back(m);
    }
  }
  for (const train::PreparedModel& model : fit.models) {
    const size_t bytes = static_cast<size_t>(model.weight_count) * sizeof(float);
    if (bytes > store::kMostWeightBytes) train::NoticeLargeWeights(model.mst_key, bytes);
  }
  pg::Execute("INSERT INTO " + fit.output.models.Sql() + " (mst_key, model_weights, model_arch) SELECT v.mst_key, w.weights, a.model_arch FROM" +
              " (SELECT h.model, cerebro._state_weights(h.data ORDER BY h.piece) AS weights FROM " +
              tables.StatesSql(weights, "h.__dist_key__, h.model, h.piece, pg_catalog.substr(h.data, 1, h.keep) AS data",
                               "h.keep OPERATOR(pg_catalog.>) 0") +
              " h GROUP BY h.__dist_key__, h.model) w JOIN " + ModelRows(fit) + " ON w.model OPERATOR(pg_catalog.=) v.model JOIN " +
              fit.architecture_table.Sql() + " a ON a.model_id OPERATOR(pg_catalog.=) v.model_id");
}

}  // namespace

train::RunResult FitOnSegments(const train::FitArguments& arguments, const train::PreparedFit& fit, const train::RunRequest& hop, double started_at) {
  CheckSegmentLibraries();
  train::CreateResultTables(arguments, fit);
  const StateTables tables(fit.output.models, StateTableNames(arguments.restore_best));
  SegmentRunRequest request;
  request.hop = hop;
  request.training = *fit.segments;
  if (fit.validation) request.validation = data::FindSegments(*fit.validation);
  for (const train::PreparedModel& model : fit.models) request.diverged.push_back(model.stored_diverged_step);
  EnterModels(fit, tables, request);

  SegmentRunResult result = RunOnSegments(request, tables, fit.output.models.Sql());

  train::ClearResultTables(arguments, fit);
  StoreModels(fit, tables, result);
  tables.Drop();
  std::vector<train::KeptModel> kept;
  for (size_t m = 0; m < fit.models.size(); m++) {
    const train::PreparedModel& model = fit.models[m];
    const int64_t done = request.diverged[m] != 0 ? model.iterations_done : result.iterations_done[m];
    kept.push_back({static_cast<size_t>(model.weight_count) * sizeof(float), done, model.metric_names});
  }
  train::WriteReports(arguments, fit, result.hop, kept, started_at);
  return std::move(result.hop);
}

}  // namespace segments
