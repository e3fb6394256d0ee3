#include "segments/segment_scoring.hpp"

#include <unistd.h>

#include <cmath>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/plain_number.hpp"
#include "pg/report.hpp"
#include "pg/sql.hpp"
#include "plan/schedule.hpp"
#include "data/packed_table.hpp"
#include "data/segment_map.hpp"
#include "segments/messages.hpp"
#include "segments/segment_driver.hpp"
#include "segments/segment_process.hpp"
#include "segments/segment_report.hpp"
#include "segments/state_tables.hpp"
#include "store/loaded_model.hpp"
#include "store/model_spec.hpp"
#include "store/result_tables.hpp"
#include "train/run.hpp"

namespace segments {
namespace {

constexpr const char* kScored = "score";  // the table of weights on their way to other segments

// Weights that are too large for their column are in the pieces of the state, and so are those of a registered model.
std::set<int> WithoutWeights(const store::ModelTable& models) {
  if (models.registered) return {models.models.front().mst_key};
  const pg::Result rows = pg::Execute("SELECT mst_key FROM " + models.name.Sql() + " WHERE model_weights IS NULL");
  std::set<int> keys;
  for (const auto& row : rows.rows) keys.insert(base::WholeInt(row[0]));
  return keys;
}

void CopyWeights(const StateTables& tables, int32_t key, const std::string& source, const std::string& columns, const std::string& rows) {
  if (rows.empty()) return;
  pg::Execute("INSERT INTO " + tables.Sql("a") + " SELECT " + std::to_string(key) + ", v.model, " + columns + ", NULL FROM " + source +
              " s JOIN (VALUES " + rows + ") v(mst_key, model) ON s.mst_key OPERATOR(pg_catalog.=) v.mst_key");
}

// The one model's, from where its reader has them.
void PutRegistered(const StateTables& tables, int32_t key, const store::ModelTable& models) {
  const std::string insert = "INSERT INTO " + tables.Sql("a") + " SELECT " + std::to_string(key) + ", 0, $1::pg_catalog.int4, pg_catalog.octet_length($2), $2, NULL";
  models.registered([&insert](int64_t piece, std::string_view data) {
    pg::CheckInterrupts();
    pg::Execute(insert, {piece, pg::Bytea{data}});
    return true;
  });
}

// Metric sums of each model, empty for a diverged one.
std::vector<std::vector<double>> ModelSums(const store::ModelTable& models, const data::PackedTable& test, const pg::TableName& beside,
                                           bool use_gpus, engine::ModelPool* pool) {
  CheckSegmentLibraries();
  const data::SegmentMap map = data::FindSegments(test);
  if (use_gpus) CheckSegmentDevices(map.segments);
  const std::vector<int32_t> keys = map.SegmentKeys();
  StateTables tables(beside);
  const std::set<int> without = WithoutWeights(models);
  RunHeader header;
  header.data = test.spec;
  header.precision = models.float64 ? base::DType::kFloat64 : base::DType::kFloat32;
  header.visits = static_cast<uint32_t>(test.spec.num_partitions);
  std::vector<Entry> entries;
  std::string weights, states;
  for (size_t m = 0; m < models.models.size(); m++) {
    const store::StoredModel& stored = models.models[m];
    const auto number = static_cast<int32_t>(m);
    const auto stream = static_cast<uint64_t>(static_cast<int64_t>(stored.mst_key));
    const base::TrainConfig config = store::ScoringConfig(stored.config);
    RunModel model;
    model.graph = model.trained = stored.graph;
    model.config = config;
    model.stream = stream;
    model.kernels = pool->ProgramOf(stored.graph, config)->has_kernels();
    header.models.push_back(std::move(model));
    if (store::IsDiverged(stored)) continue;
    const EntryKind kind = without.count(stored.mst_key) != 0 ? EntryKind::kState : EntryKind::kWeights;
    entries.push_back({keys.front(), number, kind});
    std::string& rows = kind == EntryKind::kState ? states : weights;
    rows += (rows.empty() ? "(" : ", (") + std::to_string(stored.mst_key) + ", " + std::to_string(m) + ")";
  }
  tables.PutHeader(header, keys);
  tables.Need("a");
  tables.PutEntries("a", entries);
  CopyWeights(tables, keys.front(), models.name.Sql(), "0, pg_catalog.octet_length(s.model_weights), s.model_weights", weights);
  if (models.registered) {
    PutRegistered(tables, keys.front(), models);
  } else {
    CopyWeights(tables, keys.front(), models.name.WithSuffix("_state").Sql(), "s.piece, pg_catalog.octet_length(s.data), s.data", states);
  }
  StateLocations all;
  for (size_t m = 0; m < models.models.size(); m++) all["a"].push_back(static_cast<int>(m));
  RoundRequest request;
  request.run = NewRunNumber();
  request.kind = RoundKind::kScore;
  request.has_weights = test.spec.has_weights;
  request.use_gpus = use_gpus;
  request.last = true;
  SpreadWeights(&tables, all, keys);
  const SumsByPartition found = SumsOnSegments(tables, all, keys, test, request);
  const std::vector<int> partitions = plan::Sequence().Visited(test.spec.num_partitions);
  std::vector<std::vector<double>> sums;
  for (size_t m = 0; m < models.models.size(); m++) sums.push_back(AddSums(found, partitions, static_cast<int>(m)));
  tables.Drop();
  return sums;
}

}  // namespace

uint64_t NewRunNumber() {
  static uint64_t counter = 0;
  base::Hasher hasher(0);
  hasher.UpdateU64(static_cast<uint64_t>(getpid()));
  hasher.UpdateU64(static_cast<uint64_t>(pg::Now() * 1e6));
  hasher.UpdateU64(++counter);
  return hasher.Finish().hi;
}

void SpreadWeights(StateTables* tables, const StateLocations& states, const std::vector<int32_t>& keys) {
  if (!tables->Need(kScored)) tables->Empty(kScored);
  pg::Execute(tables->SpreadSql(states, kScored, keys));
}

SumsByPartition SumsOnSegments(const StateTables& tables, const StateLocations& states, const std::vector<int32_t>& keys,
                               const data::PackedTable& packed, const RoundRequest& request, std::map<int, std::string>* errors) {
  const std::string bytes = WriteRoundRequest(request);
  const pg::Result rows = pg::Execute(tables.ScoreSql(states, keys, kScored, packed), {pg::Bytea{bytes}});
  SumsByPartition found(static_cast<size_t>(packed.spec.num_partitions));
  std::set<int> seen;
  for (const auto& row : rows.rows) {
    PartitionSums sums = ReadPartitionSums(row[0].value());
    data::CheckVisitedRows(packed, sums.partition, sums.rows);
    seen.insert(sums.partition);
    auto& of_models = found.at(static_cast<size_t>(sums.partition));
    for (size_t i = 0; i < sums.models.size(); i++) {
      if (errors != nullptr && !sums.errors[i].empty()) errors->emplace(sums.models[i], sums.errors[i]);
      of_models[sums.models[i]] = std::move(sums.sums[i]);
    }
  }
  if (!seen.empty() && seen.size() != found.size()) {
    throw base::Error(base::ErrorCode::kDataCorrupted,
                      "packed table " + packed.name.Text() + " has " + std::to_string(seen.size()) + " partitions, its summary says " +
                          std::to_string(found.size()),
                      "", "Pack the data again by " + packed.packer + ".");
  }
  return found;
}

std::vector<double> AddSums(const SumsByPartition& sums, const std::vector<int>& partitions, int model) {
  std::vector<double> total;
  for (const int partition : partitions) {
    const auto& of_models = sums.at(static_cast<size_t>(partition));
    const auto own = of_models.find(model);
    if (own == of_models.end()) continue;
    if (total.empty()) total.assign(own->second.size(), 0.0);
    for (size_t k = 0; k < total.size(); k++) total[k] += own->second[k];
  }
  return total;
}

std::vector<train::ModelScores> ScoreOnSegments(const store::ModelTable& models, const data::PackedTable& test, const pg::TableName& beside,
                                                bool use_gpus) {
  engine::ModelPool pool(test.spec, store::ScoringOptions(models, false));
  const std::vector<std::vector<double>> sums = ModelSums(models, test, beside, use_gpus, &pool);
  std::vector<train::ModelScores> results;
  for (size_t m = 0; m < models.models.size(); m++) {
    const store::ModelSpec spec = store::ScoringSpec(models.models[m]);
    const std::shared_ptr<const engine::Program> program = pool.ProgramOf(spec.graph, spec.config);
    train::ModelScores scored;
    scored.names = program->metric_names();
    scored.values.assign(scored.names.size(), std::nan(""));
    if (!sums[m].empty()) scored.values = program->Finish(sums[m].data());
    results.push_back(std::move(scored));
  }
  return results;
}

}  // namespace segments
