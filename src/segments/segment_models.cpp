#include "segments/segment_models.hpp"

#include <set>
#include <string>

#include "pg/report.hpp"
#include "pg/sql.hpp"
#include "segments/messages.hpp"
#include "segments/segment_process.hpp"
#include "store/result_columns.hpp"
#include "store/training_state.hpp"
#include "train/results.hpp"

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

std::string ModelRows(const train::PreparedFit& fit) {
  std::vector<std::string> rows;
  for (size_t m = 0; m < fit.models.size(); m++) {
    rows.push_back(Row({std::to_string(m), std::to_string(fit.models[m].mst_key), std::to_string(fit.models[m].architecture->model_id)}));
  }
  return "(VALUES " + Join(rows) + ") v(model, mst_key, model_id)";
}

}  // namespace

// A small entry a model from here; stored states and weights go from the tables where they lie straight to the segments.
void EnterModels(const train::PreparedFit& fit, const StateTables& tables, const std::vector<int32_t>& keys) {
  std::vector<std::string> states, weights, diverged;
  pg::Statement entry_row("INSERT INTO " + tables.Sql("a") + " VALUES ($1::pg_catalog.int4, $2::pg_catalog.int4, " +
                             std::to_string(kEntryPiece) + ", 0, $3, NULL)",
                         {"int8", "int8", "bytea"}, false);
  for (size_t b = 0; b < fit.plan.bundles.size(); b++) {
    const int partition = fit.plan.PartitionAt(static_cast<int>(b), fit.first_iteration[b], 0);
    const int64_t key = keys[static_cast<size_t>(partition)];
    for (const int m : fit.plan.bundles[b].models) {
      pg::CheckInterrupts();
      const train::PreparedModel& model = fit.models[static_cast<size_t>(m)];
      const std::string mst_key = std::to_string(model.mst_key), number = std::to_string(m);
      if (model.stored_diverged_step != 0) {
        diverged.push_back(Row({mst_key, kAnyKey, number}));
        train::NoticeDivergedBefore(model.mst_key, model.stored_diverged_step);
        continue;
      }
      ModelEntry entry;
      entry.kind = KindOf(model);
      entry.spec = *model.spec;
      entry.data = fit.training.spec;
      entry.precision = fit.options.precision;
      entry.seed = fit.seed;
      entry.stream = static_cast<uint64_t>(static_cast<int64_t>(model.mst_key));
      entry.partitions = static_cast<uint32_t>(fit.training.spec.num_partitions);
      const std::string bytes = WriteModelEntry(entry);
      entry_row.Run({key, static_cast<int64_t>(m), pg::Bytea{bytes}});
      if (entry.kind == EntryKind::kState) states.push_back(Row({mst_key, std::to_string(key), number}));
      if (entry.kind == EntryKind::kWeights) weights.push_back(Row({std::to_string(model.architecture->model_id), std::to_string(key), number}));
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

// Straight from the segments' tables into the results.
void StoreModels(const train::PreparedFit& fit, const StateTables& tables, const StateLocations& states, const StateLocations& best) {
  pg::Execute(store::InsertInto(fit.output, store::ResultTable::kState, {"mst_key", "piece", "data"}) +
              " SELECT v.mst_key, h.piece, h.data FROM " + tables.StatesSql(states, "h.model, h.piece, h.data") + " h JOIN " + ModelRows(fit) +
              " ON h.model OPERATOR(pg_catalog.=) v.model");
  std::set<int> has_best;
  for (const auto& [table, models] : best) has_best.insert(models.begin(), models.end());
  StateLocations weights = best;  // of the other models their last ones
  for (const auto& [table, models] : states) {
    for (const int m : models) {
      if (has_best.count(m) == 0) weights[table].push_back(m);
    }
  }
  for (const train::PreparedModel& model : fit.models) {
    const size_t bytes = static_cast<size_t>(model.weight_count()) * sizeof(float);
    if (bytes > store::kMostWeightBytes) train::NoticeLargeWeights(model.mst_key, bytes);
  }
  pg::Execute(store::InsertInto(fit.output, store::ResultTable::kModels, {"mst_key", "model_weights", "model_arch"}) +
              " SELECT v.mst_key, w.weights, a.model_arch FROM (SELECT h.model, cerebro._state_weights(h.data ORDER BY h.piece) AS weights FROM " +
              tables.StatesSql(weights, "h.__dist_key__, h.model, h.piece, pg_catalog.substr(h.data, 1, h.keep) AS data",
                               "h.keep OPERATOR(pg_catalog.>) 0") +
              " h GROUP BY h.__dist_key__, h.model) w JOIN " + ModelRows(fit) + " ON w.model OPERATOR(pg_catalog.=) v.model JOIN " +
              fit.architecture_table.Sql() + " a ON a.model_id OPERATOR(pg_catalog.=) v.model_id");
}

}  // namespace segments
