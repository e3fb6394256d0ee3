// The result tables of a run: written once by fit_multiple_model, read by warm starts, evaluate, predict and the reports.
//
//   <out>          mst_key INTEGER, model_weights BYTEA (Keras order, float32; NULL above 256 MB), model_arch JSON
//   <out>_info     a row a model, MADlib's columns, then: status ('trained', 'stopped', 'diverged'), diverged_step, parameters, metrics_iters,
//                  metric_names TEXT[], training_metric_values, validation_metric_values DOUBLE PRECISION[][] (a row a due iteration until
//                  the model stopped), stopped_iteration, stopped_by
//   <out>_summary  a row a run: MADlib's columns, then data_spec, seed, plan (JSON), and the settings the bits depend on
//   <out>_state    mst_key, piece, data BYTEA: the training state (wire/state.hpp) in pieces of at most 64 MB
//   <out>_visits   mst_key, iteration, visit, partition_id, worker, started_at, ended_at, loss
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/config.hpp"
#include "base/graph.hpp"
#include "base/tensor.hpp"
#include "pg/names.hpp"
#include "plan/schedule.hpp"

namespace store {

struct StoredModel {
  int mst_key = 0;
  int model_id = 0;
  std::string compile_params;
  std::string fit_params;
  std::string status;
  base::Graph graph;
  base::TrainConfig config;
};

struct ModelTable {
  pg::TableName name;
  base::DataSpec data;               // of the packed training table
  std::vector<std::string> dependent_vartype;  // SQL types of the source's dependent columns
  int64_t seed = 0;
  plan::Plan plan;
  bool float64 = false;
  std::vector<StoredModel> models;   // by mst_key, ascending
};

/// Opens <name>, <name>_info and <name>_summary; with mst_key only that model. Errors: tables missing (hint: run fit_multiple_model()),
/// kUndefinedObject when there is no such mst_key (the hint lists those that exist, at most ten).
ModelTable OpenModelTable(std::string_view name, const char* what, std::optional<int> mst_key);

/// A model's weights, Keras order, raw float32: from <out>, or from <out>_state where model_weights is NULL.
std::string ReadWeights(const ModelTable& table, int mst_key);

/// A model's training state bytes (wire/state.hpp).
std::string ReadState(const ModelTable& table, int mst_key);

}  // namespace store
