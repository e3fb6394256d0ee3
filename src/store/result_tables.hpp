// The result tables of a run (store/result_columns.hpp: their columns) as warm starts, evaluate, predict and the
// reports read them.
//
//   <out>          a row a model: weights and architecture
//   <out>_info     a row a model: configuration, curves over all runs, status
//   <out>_summary  a row: arguments and settings of the last run, which are all that the bits depend on
//   <out>_state    training states (wire/state.hpp) in pieces
//   <out>_visits   a row a visit, of all runs
//
// History is only added to: its key is (mst_key, iteration), where a model counts iterations from its first training,
// over all runs. Tables of format 1 (no result_format) counted from 1 in their last run. ReadHistory says by how much
// to shift their iterations.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/config.hpp"
#include "base/graph.hpp"
#include "base/tensor.hpp"
#include "pg/names.hpp"
#include "plan/evaluation.hpp"
#include "plan/schedule.hpp"
#include "store/result_rows.hpp"

namespace store {

constexpr int64_t kResultFormat = 2;  // <out>_summary.result_format: iterations are counted over all runs

// <out>_info.status
constexpr const char* kStatusTrained = "trained";
constexpr const char* kStatusStopped = "stopped";
constexpr const char* kStatusDiverged = "diverged";

struct StoredModel {
  int mst_key = 0;
  int model_id = 0;
  std::string compile_params;
  std::string fit_params;
  std::string status;
  std::shared_ptr<const base::Graph> graph;  // one object for equal architectures
  base::TrainConfig config;
};

/// Hands over the pieces of a training state as ReadState does.
using StateReader = std::function<void(const std::function<bool(int64_t piece, std::string_view data)>& use)>;

struct ModelTable {
  pg::TableName name;                // of a registered model: its name and version, which are those of no table
  base::DataSpec data;               // of the packed training table
  std::vector<std::string> dependent_vartype;  // SQL types of the source's dependent columns
  int64_t seed = 0;
  plan::Plan plan;
  bool float64 = false;
  std::vector<StoredModel> models;   // by mst_key, ascending
  std::shared_ptr<const std::string> weights;  // of the one model, which has been read (store/group_tables.hpp); nullptr: they lie in <name>
  StateReader registered;            // the state of the one model, which lies in no run's tables (store/registry.hpp); empty: it does
};

/// Opens <name>, <name>_info and <name>_summary; with mst_key only that model. Where there is no such table, the name may be a registered
/// model's. Errors: tables missing (hint: run
/// fit_multiple_model()), kUndefinedObject when there is no such mst_key (the hint lists those that exist, at most
/// ten).
ModelTable OpenModelTable(std::string_view name, const char* what, std::optional<int> mst_key);

/// The names of a configuration's losses, as <out>_info.loss_type has them.
std::string LossType(const base::TrainConfig& config);

/// What <out>_info knows of a model's training, over all runs.
struct StoredHistory {
  int mst_key = 0;
  int64_t iterations_done = 0;
  uint64_t diverged_step = 0;  // 0 = never
  double training_seconds = 0;
  std::string loss_type;
  std::vector<std::string> metric_names;
  std::vector<plan::Evaluation> evaluations;
  int64_t best_iteration = 0;     // whose weights are kept; 0 = the last one
  int64_t stopped_iteration = 0;  // 0 = never
  std::string stopped_by;
  int64_t shift = 0;  // to be added to the stored iterations of this model; evaluations have it already
};

/// Every model's history, by mst_key. Errors: those of ResultReader; kDataCorrupted where the numbers of iterations and
/// values do not agree.
std::vector<StoredHistory> ReadHistory(const ResultTables& tables, const char* what);

/// A model's weights, Keras order, raw float32: from <out>, or from <out>_state where model_weights is NULL.
std::string ReadWeights(const ModelTable& table, int mst_key);

/// Hands over the pieces of a model's training state (wire/state.hpp), one after the other, as long as `use` asks for
/// more. Errors: kUndefinedObject when there are none.
void ReadState(const ModelTable& table, int mst_key, const std::function<bool(int64_t piece, std::string_view data)>& use);

/// The raw float32 weights of <out>, or nothing where model_weights is NULL: then they are in the training state.
std::optional<std::string> ReadWeightColumn(const ModelTable& table, int mst_key);

}  // namespace store
