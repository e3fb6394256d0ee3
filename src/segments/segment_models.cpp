#include "segments/segment_models.hpp"

#include <cstring>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "data/packed_scale.hpp"
#include "pg/report.hpp"
#include "pg/sql.hpp"
#include "segments/messages.hpp"
#include "store/result_rows.hpp"
#include "store/training_state.hpp"
#include "train/results.hpp"

namespace segments {
namespace {

constexpr int32_t kAnyKey = 0;                           // a model that does not train may lie anywhere
constexpr const char* kTemplates = "heads";              // of stored states; made when states are written
constexpr size_t kMostTemplateBytes = size_t{16} << 20;  // about, in one statement
constexpr size_t kMostValueBytes = (size_t{1} << 30) - 1;

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

// Of the models from `first` on.
RunHeader HeaderOf(const train::PreparedFit& fit, const train::RunSpec& spec, size_t first) {
  RunHeader header;
  header.data = spec.training.spec;
  header.training = spec.training;
  header.validation = spec.validation;
  header.shared_features = spec.shared_features;
  header.model_reads = spec.model_reads;
  header.feature_cache = spec.feature_cache;
  header.precision = fit.options.precision;
  header.seed = fit.seed;
  header.visits = static_cast<uint32_t>(fit.plan.visits());
  const std::vector<plan::Sequence> sequences = fit.plan.Sequences(fit.models.size());
  store::StateEncoder encoder(data::SpecForRows(fit.training));
  for (size_t m = first; m < fit.models.size(); m++) {
    const train::PreparedModel& model = fit.models[m];
    RunModel entry;
    entry.first_partition = sequences[m].base;
    entry.graph = model.spec->graph;
    entry.config = model.spec->config;
    entry.cuts = model.spec->cuts;
    entry.given = model.architecture->given;
    entry.trained = model.spec->TrainedGraph();
    entry.stream = model.stream();
    entry.kernels = model.kernels();
    entry.template_bytes = encoder.HeadTemplate(*model.spec, model.program->layout()).size();
    for (size_t other = 0; other < first && entry.like < 0; other++) {
      if (fit.models[other].spec->TrainedGraph() == model.spec->TrainedGraph()) entry.like = static_cast<int32_t>(other);
    }
    if (first > 0) entry.parent = model.parent;
    entry.keeps_optimizer = model.keeps_optimizer;
    header.models.push_back(std::move(entry));
  }
  return header;
}

// The heads of all states, where the states lie.
void PutTemplates(const train::PreparedFit& fit, const StateTables& tables, const std::vector<ModelKey>& lie) {
  store::StateEncoder encoder(data::SpecForRows(fit.training));
  std::vector<ModelBytes> rows;
  size_t bytes = 0;
  for (const ModelKey& where : lie) {
    pg::CheckInterrupts();
    const train::PreparedModel& model = fit.models[static_cast<size_t>(where.model)];
    rows.push_back({where.key, where.model, encoder.HeadTemplate(*model.spec, model.program->layout())});
    bytes += rows.back().bytes.size();
    if (bytes < kMostTemplateBytes) continue;
    tables.PutBytes(kTemplates, rows);
    rows.clear();
    bytes = 0;
  }
  tables.PutBytes(kTemplates, rows);
}

// Pieces of states in stored form, made of raw ones: model, piece, data.
std::string StoredSql(const StateTables& tables, const StateLocations& raw) {
  return "(SELECT t.__dist_key__, t.model, h.piece, CASE WHEN h.piece OPERATOR(pg_catalog.=) 0 THEN cerebro._stored_state(t.data, h.data) "
         "ELSE h.data END AS data FROM " +
         tables.StatesSql(raw, "h.__dist_key__, h.model, h.piece, h.data") + " h JOIN " + tables.Sql(kTemplates) +
         " t ON h.__dist_key__ OPERATOR(pg_catalog.=) t.__dist_key__ AND h.model OPERATOR(pg_catalog.=) t.model)";
}

// Columns of result table <out>_state, of pieces in stored form.
void InsertStates(const train::PreparedFit& fit, const std::string& pieces, const std::string& models) {
  const std::string statement = store::InsertInto(fit.output, store::ResultTable::kState, {"mst_key", "piece", "data"}) +
                                " SELECT v.mst_key, h.piece, h.data FROM " + pieces + " h JOIN " + models +
                                " ON h.model OPERATOR(pg_catalog.=) v.model";
  pg::Debug("statement of results: " + statement);
  pg::Execute(statement);
}

// Those of result table <out>. weights: a query for mst_key, model_id and weights. The architectures are parameters: joined as a table, they
// would make the planner move the weights once more, to where an architecture lies.
void InsertModels(const train::PreparedFit& fit, const std::string& weights) {
  std::vector<int64_t> ids;
  std::vector<std::string> texts;
  std::set<int> seen;
  for (const train::PreparedModel& model : fit.models) {
    if (!seen.insert(model.architecture->model_id).second) continue;
    ids.push_back(model.architecture->model_id);
    texts.push_back(model.architecture->json);
  }
  const std::string statement = store::InsertInto(fit.output, store::ResultTable::kModels, {"mst_key", "model_weights", "model_arch"}) +
                                " SELECT w.mst_key, w.weights, a.model_arch::pg_catalog.json FROM (" + weights +
                                ") w JOIN ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) a(model_id, model_arch)"
                                " ON a.model_id OPERATOR(pg_catalog.=) w.model_id";
  pg::Debug("statement of results: " + statement);
  pg::Execute(statement, {ids, texts});
}

// Of pieces in stored form, on the segment where a state lies.
std::string BestWeightsSql(const std::string& pieces, const std::string& models) {
  return "SELECT v.mst_key, v.model_id, h.weights FROM (SELECT h.model, cerebro._state_weights(h.data ORDER BY h.piece) AS weights FROM " + pieces +
         " h GROUP BY h.__dist_key__, h.model) h JOIN " + models + " ON h.model OPERATOR(pg_catalog.=) v.model";
}

// How many leading bytes of a state's stored form have all its weights, at least; of a state that this run has not written, all there are.
size_t LeadingBytes(const train::PreparedFit& fit, store::StateEncoder* encoder, int model, bool stored) {
  if (stored) return std::numeric_limits<int64_t>::max() / 2;
  const train::PreparedModel& described = fit.models[static_cast<size_t>(model)];
  const engine::StateLayout& layout = described.program->layout();
  engine::StateCounters most;  // the larger a counter, the longer the head
  std::memset(static_cast<void*>(&most), 0xff, sizeof(most));
  return store::StoredHeadBytes(encoder->HeadTemplate(*described.spec, layout).size(), &most) + store::ScoringBytes(layout);
}

// Of states that lie in <out>_state, which is distributed as <out> is: nothing moves.
std::string LastWeightsSql(const train::PreparedFit& fit, const std::vector<int>& models, const std::vector<int>& stored) {
  store::StateEncoder encoder(data::SpecForRows(fit.training));
  std::vector<std::string> rows;
  const auto add = [&](int model, bool is_stored) {
    const train::PreparedModel& described = fit.models[static_cast<size_t>(model)];
    rows.push_back(Row({std::to_string(described.mst_key), std::to_string(described.architecture->model_id),
                        std::to_string(LeadingBytes(fit, &encoder, model, is_stored)) + "::pg_catalog.int8"}));
  };
  for (const int m : models) add(m, false);
  for (const int m : stored) add(m, true);
  const std::string left = "v.wanted OPERATOR(pg_catalog.-) (s.piece::pg_catalog.int8 OPERATOR(pg_catalog.*) " + std::to_string(store::kStatePieceBytes) + ")";
  return "SELECT s.mst_key, v.model_id, cerebro._state_weights(pg_catalog.substr(s.data, 1, LEAST(GREATEST(" + left + ", 0), " +
         std::to_string(kMostValueBytes) + ")::pg_catalog.int4) ORDER BY s.piece) AS weights FROM " + fit.output.state.Sql() + " s JOIN (VALUES " +
         Join(rows) + ") v(mst_key, model_id, wanted) ON s.mst_key OPERATOR(pg_catalog.=) v.mst_key GROUP BY s.mst_key, v.model_id";
}

}  // namespace

bool IsOver(const train::PreparedFit& fit, int model) {
  const auto m = static_cast<size_t>(model);
  return fit.models[m].stored_diverged_step != 0 || fit.models[m].deleted || (fit.progress && fit.progress->models[m].stopped_iteration != 0);
}

// The header and a small entry a model from here; stored states and weights go from the tables where they lie straight
// to the segments.
std::vector<int32_t> EnterModels(const train::PreparedFit& fit, const train::RunSpec& spec, StateTables* tables, const std::vector<int32_t>& keys,
                                 const std::vector<int32_t>& process_keys) {
  tables->PutHeader(HeaderOf(fit, spec, 0), process_keys);
  std::vector<int32_t> key_of(fit.models.size(), kAnyKey);
  std::vector<Entry> entries;
  std::vector<std::string> states, weights, over;
  const int64_t begins = fit.progress ? fit.progress->iteration : 0;
  for (size_t b = 0; b < fit.plan.bundles.size(); b++) {
    const int partition = fit.plan.PartitionAt(static_cast<int>(b), begins, 0);
    for (const int m : fit.plan.bundles[b].models) {
      const train::PreparedModel& model = fit.models[static_cast<size_t>(m)];
      const std::string mst_key = std::to_string(model.mst_key), number = std::to_string(m);
      if (IsOver(fit, m)) {
        over.push_back(Row({mst_key, std::to_string(kAnyKey), number}));
        if (!fit.progress) train::NoticeDivergedBefore(model.mst_key, model.stored_diverged_step);
        continue;
      }
      const int32_t key = keys[static_cast<size_t>(partition)];
      const EntryKind kind = KindOf(model);
      key_of[static_cast<size_t>(m)] = key;
      entries.push_back({key, m, kind});
      if (kind == EntryKind::kState) states.push_back(Row({mst_key, std::to_string(key), number}));
      if (kind == EntryKind::kWeights) weights.push_back(Row({std::to_string(model.architecture->model_id), std::to_string(key), number}));
    }
  }
  tables->Need("a");
  tables->PutEntries("a", entries);
  const auto copy = [&](const std::string& to, const std::vector<std::string>& rows) {
    if (rows.empty()) return;
    pg::Execute("INSERT INTO " + tables->Sql(to) + " SELECT v.key, v.model, s.piece, pg_catalog.octet_length(s.data), s.data, NULL FROM " +
                fit.output.state.Sql() + " s JOIN (VALUES " + Join(rows) +
                ") v(mst_key, key, model) ON s.mst_key OPERATOR(pg_catalog.=) v.mst_key");
  };
  copy("a", states);
  if (!over.empty()) tables->Need(kStored);
  copy(kStored, over);
  if (!weights.empty()) {
    pg::Execute("INSERT INTO " + tables->Sql("a") + " SELECT v.key, v.model, 0, 0, w.model_weights, NULL FROM " +
                fit.architecture_table.Sql() + " w JOIN (VALUES " + Join(weights) +
                ") v(model_id, key, model) ON w.model_id OPERATOR(pg_catalog.=) v.model_id");
  }
  return key_of;
}

// As EnterModels: fresh ones and such with given weights, and clones, whose parents' states go from table to table.
std::vector<int32_t> EnterAdded(const train::PreparedFit& fit, const train::RunSpec& spec, size_t first, const std::string& to,
                                const std::map<int, std::string>& parents, StateTables* tables, const std::vector<int32_t>& keys,
                                const std::vector<int32_t>& process_keys) {
  tables->PutHeader(HeaderOf(fit, spec, first), process_keys, static_cast<int>(first));
  tables->Need(to);
  const std::vector<plan::Sequence> sequences = fit.plan.Sequences(fit.models.size());
  std::vector<int32_t> key_of;
  std::vector<Entry> entries;
  std::vector<std::string> copies;
  for (size_t m = first; m < fit.models.size(); m++) {
    const train::PreparedModel& model = fit.models[m];
    const int32_t key = keys[static_cast<size_t>(sequences[m].PartitionAt(fit.plan.partitions, 0, 0))];
    key_of.push_back(key);
    const auto number = static_cast<int32_t>(m);
    const auto parent = parents.find(number);
    const std::string insert = "INSERT INTO " + tables->Sql(to) + " SELECT " + std::to_string(key) + ", " + std::to_string(m) + ", ";
    if (parent != parents.end()) {
      entries.push_back({key, number, parent->second == kStored ? EntryKind::kStoredClone : EntryKind::kClone});
      copies.push_back(insert + "h.piece, h.keep, h.data, NULL FROM " +
                       tables->StatesSql({{parent->second, {model.parent}}}, "h.piece, h.keep, h.data", "h.piece OPERATOR(pg_catalog.>=) 0") + " h");
      continue;
    }
    entries.push_back({key, number, KindOf(model)});
    if (entries.back().kind != EntryKind::kWeights) continue;
    copies.push_back(insert + "0, 0, w.model_weights, NULL FROM " + fit.architecture_table.Sql() + " w WHERE w.model_id OPERATOR(pg_catalog.=) " +
                     std::to_string(model.architecture->model_id));
  }
  tables->PutEntries(to, entries);
  for (const std::string& copy : copies) pg::Execute(copy);
  return key_of;
}

void MoveModels(StateTables* tables, const std::string& from, const std::string& to, const std::vector<int>& models) {
  if (models.empty() || from == to) return;
  if (!tables->Need(to)) tables->Remove(to, models);
  pg::Execute("INSERT INTO " + tables->Sql(to) + " SELECT * FROM " +
              tables->StatesSql({{from, models}}, "h.__dist_key__, h.model, h.piece, h.keep, h.data, NULL::pg_catalog.bytea") + " s");
  tables->Remove(from, models);
}

void EnterAgain(StateTables* tables, const std::string& to, const std::vector<int>& models, const std::vector<int32_t>& keys) {
  if (models.empty()) return;
  if (!tables->Need(to)) tables->Remove(to, models);
  std::vector<Entry> entries;
  std::vector<std::string> rows;
  for (size_t i = 0; i < models.size(); i++) {
    entries.push_back({keys[i], models[i], EntryKind::kState});
    rows.push_back(Row({std::to_string(models[i]), std::to_string(keys[i])}));
  }
  tables->PutEntries(to, entries);
  pg::Execute("INSERT INTO " + tables->Sql(to) + " SELECT v.key, h.model, h.piece, h.keep, h.data, NULL FROM " +
              tables->StatesSql({{kStored, models}}, "h.model, h.piece, h.keep, h.data") + " h JOIN (VALUES " + Join(rows) +
              ") v(model, key) ON h.model OPERATOR(pg_catalog.=) v.model");
  tables->Remove(kStored, models);
}

// Straight from the segments' tables into the results. States of this run get their heads; those in table kStored are
// what they were.
void StoreModels(const train::PreparedFit& fit, StateTables* tables, StateLocations states, const StateLocations& best,
                 const std::vector<ModelKey>& lie) {
  const std::vector<int> stored = states[kStored];
  states.erase(kStored);
  std::set<int> has_best;
  for (const auto& [table, models] : best) has_best.insert(models.begin(), models.end());
  std::vector<int> last, stored_last;  // models whose weights are the last ones
  for (const auto& [table, models] : states) {
    for (const int m : models) {
      if (has_best.count(m) == 0 && !fit.models[static_cast<size_t>(m)].keeps_weights) last.push_back(m);
    }
  }
  for (const int m : stored) {  // of the others the kept ones stay
    if (!fit.models[static_cast<size_t>(m)].keeps_weights) stored_last.push_back(m);
  }
  for (const train::PreparedModel& model : fit.models) {
    const size_t bytes = static_cast<size_t>(model.weight_count()) * sizeof(float);
    if (bytes > store::kMostWeightBytes) train::NoticeLargeWeights(model.mst_key, bytes);
  }
  const std::string models = ModelRows(fit);
  if (!states.empty()) {
    tables->Need(kTemplates);
    PutTemplates(fit, *tables, lie);
    InsertStates(fit, StoredSql(*tables, states), models);
  }
  if (!stored.empty()) InsertStates(fit, tables->StatesSql({{kStored, stored}}, "h.model, h.piece, h.data"), models);
  if (!has_best.empty()) InsertModels(fit, BestWeightsSql(StoredSql(*tables, best), models));
  if (!last.empty() || !stored_last.empty()) InsertModels(fit, LastWeightsSql(fit, last, stored_last));
}

}  // namespace segments
