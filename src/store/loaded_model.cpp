#include "store/loaded_model.hpp"

#include <cstring>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "engine/api/state.hpp"
#include "pg/names.hpp"
#include "pg/ownership.hpp"
#include "pg/report.hpp"
#include "pg/sql.hpp"
#include "store/model_spec.hpp"
#include "store/result_tables.hpp"
#include "store/training_state.hpp"

namespace store {
namespace {

constexpr size_t kMostKeysListed = 10;

std::string KeyList(const ModelTable& table) {
  std::string list;
  for (size_t i = 0; i < table.models.size() && i < kMostKeysListed; i++) {
    list += (i > 0 ? ", " : "") + std::to_string(table.models[i].mst_key);
  }
  return table.models.size() > kMostKeysListed ? list + ", ..." : list;
}

void LoadRawWeights(const std::string& raw, const std::string& what, const engine::Program& program, void* block) {
  const int64_t count = program.layout().weight_count;
  if (raw.size() != static_cast<size_t>(count) * sizeof(float)) {
    throw base::Error(base::ErrorCode::kDataCorrupted, "model_weights of " + what + " has " + std::to_string(raw.size()) +
                                                           " bytes, the architecture needs " + std::to_string(count * sizeof(float)));
  }
  std::vector<float> weights(static_cast<size_t>(count));
  if (count > 0) std::memcpy(weights.data(), raw.data(), raw.size());
  program.LoadWeights(block, weights.data(), count, pg::CheckInterrupts);
}

}  // namespace

engine::Options ScoringOptions(const ModelTable& table, bool use_gpus) {
  engine::Options options = EngineOptions(use_gpus);
  options.precision = table.float64 ? base::DType::kFloat64 : base::DType::kFloat32;
  return options;
}

base::TrainConfig ScoringConfig(const base::TrainConfig& config) {
  base::TrainConfig scoring = config;
  scoring.optimizer = base::OptimizerConfig();
  scoring.optimizer.kind = base::OptimizerKind::kSGD;
  scoring.optimizer.name = "SGD";
  return scoring;
}

ModelSpec ScoringSpec(const StoredModel& stored) {
  ModelSpec spec;
  spec.graph = stored.graph;
  spec.compile_params = stored.compile_params;
  spec.fit_params = stored.fit_params;
  spec.config = ScoringConfig(stored.config);
  return spec;
}

void LoadStoredWeights(const ModelTable& table, const StoredModel& stored, const engine::Program& program, void* block) {
  const std::optional<std::string> raw = ReadWeightColumn(table, stored.mst_key);
  if (!raw) {  // too large for the column
    StateDecoder state(program.layout(), block);
    ReadState(table, stored.mst_key, [&](int64_t piece, std::string_view data) {
      state.Add(piece, data);
      return !state.complete();  // the optimizer's slots come last
    });
    state.Finish();
    return;
  }
  LoadRawWeights(*raw, "mst_key " + std::to_string(stored.mst_key) + " in table " + table.name.Text(), program, block);
}

Block WeightBlockOf(const engine::Program& program, const std::string& raw, const std::string& what) {
  Block block(program.layout().bytes);
  LoadRawWeights(raw, what, program, block.data());
  return block;
}

LoadedModel LoadModelForScoring(const ModelTable& table, const StoredModel& stored, const base::DataSpec& data,
                                const engine::Options& options) {
  LoadedModel loaded;
  loaded.model = BuildModel(ScoringSpec(stored), data, options);
  loaded.block = std::make_unique<Block>(loaded.model->program().layout().bytes);
  LoadStoredWeights(table, stored, loaded.model->program(), loaded.block->data());
  loaded.model->Attach(loaded.block->data());
  return loaded;
}

ModelTable OpenOneModel(std::string_view model_table, std::optional<int> mst_key) {
  ModelTable table = OpenModelTable(model_table, "model_table", mst_key);
  if (table.models.size() > 1) {
    throw base::Error(base::ErrorCode::kNullValue,
                      "mst_key must be given: table " + table.name.Text() + " has " + std::to_string(table.models.size()) + " models",
                      "Its mst_keys are " + KeyList(table) + ".", "See cerebro.leaderboard() for the best one.");
  }
  if (IsDiverged(table.models.front())) {
    throw base::Error(base::ErrorCode::kPrerequisiteState,
                      "the model with mst_key " + std::to_string(table.models.front().mst_key) + " diverged: its weights cannot be used",
                      "Its training loss became NaN or infinite.", "Choose another model; cerebro.leaderboard() lists them, best first.");
  }
  return table;
}

Block LoadWeightBlock(const ModelTable& table, const StoredModel& stored, const engine::Options& options) {
  // raw weights are written by a program of the training table
  if (!table.registered) return std::move(*LoadModelForScoring(table, stored, table.data, options).block);
  const engine::StateLayout layout = engine::MakeStateLayout(*stored.graph, {}, options.precision);
  Block block(layout.bytes);
  StateDecoder state(layout, block.data());
  ReadState(table, stored.mst_key, [&](int64_t piece, std::string_view data) {
    state.Add(piece, data);
    return !state.complete();
  });
  state.Finish();
  return block;
}

std::string StoredVersion(const std::string& model_table, std::optional<int> mst_key) {
  const ResultTables tables(pg::ParseTableName(model_table, "model_table"));
  std::string version;
  for (const pg::TableName& table : {tables.models, tables.info}) {
    if (!pg::TableExists(table)) return "";  // opening it says so
    pg::RequireSelect(table);
    if (!pg::GlanceAt(table).value_or(pg::TableFacts()).stays) return "";  // a view
    if (pg::FindColumn(pg::TableColumns(table, "model_table"), "mst_key") == nullptr) return "";  // likewise
    const pg::Result found = pg::Read("SELECT t.tableoid::pg_catalog.text, t.ctid::pg_catalog.text, t.xmin::pg_catalog.text FROM " + table.Sql() +
                                      " AS t WHERE $1 IS NULL OR t.mst_key OPERATOR(pg_catalog.=) $1::pg_catalog.int4 LIMIT 2",
                                      {mst_key ? pg::Param(std::to_string(*mst_key)) : pg::Param(pg::Null{})});
    for (const auto& row : found.rows) {
      for (const pg::Cell& cell : row) version += cell.value_or("") + " ";
    }
  }
  return version;
}

bool IsDiverged(const StoredModel& model) { return model.status == kStatusDiverged; }

}  // namespace store
