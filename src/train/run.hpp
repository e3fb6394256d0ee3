// A run as both drivers see it: what is asked (RunRequest), and what came of it (RunResult). Plain values.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/tensor.hpp"
#include "engine/model.hpp"
#include "plan/fusion.hpp"
#include "plan/schedule.hpp"
#include "plan/stopping.hpp"
#include "data/packed_table.hpp"
#include "store/model_spec.hpp"

namespace train {

/// One visit as logged: a model, one pass over one partition.
struct VisitRecord {
  int32_t model = 0;
  int32_t visit = 0;      // within the iteration
  int64_t iteration = 0;  // of this run, from 0
  int32_t partition = 0;
  int32_t worker = -1;            // -1: the session itself; a segment's content id on Greenplum
  int32_t device = -1;            // of CUDA; -1: the CPU
  double started = 0, ended = 0;  // seconds since the epoch
  double loss = 0;                // mean training loss over the visit's rows
  int64_t rows = 0;
  uint64_t diverged_step = 0;
};

/// What a process needs to know to work: workers read it from the shared block.
struct RunSpec {
  data::PackedTable training;
  data::PackedTable validation;  // partitions = 0: none
  std::vector<store::ModelSpec> models;
  std::vector<double> costs;  // seconds of a visit, a model
  plan::Plan plan;
  plan::Fusion fusion;  // of the plan's bundles; empty when nothing is trained
  std::vector<int64_t> first_iteration;  // a bundle: iterations that its models had done before this run
  base::DType precision = base::DType::kFloat32;
  bool use_gpus = false;
};

/// One model's record of the run.
struct ModelResult {
  // Of the due iterations until the model stopped:
  std::vector<std::vector<double>> training;    // the model's metric values (engine::Model::Finish)
  std::vector<std::vector<double>> validation;  // likewise; empty without a validation table
  std::vector<double> elapsed;                  // seconds since the run's start
  double training_seconds = 0;                  // sum of the visits
  uint64_t diverged_step = 0;                   // 0 = never
  int64_t stopped_iteration = 0;                // of this run, from 1; 0 = never
  std::string stopped_by;                       // plan::Stop::by
  bool trains() const { return diverged_step == 0 && stopped_iteration == 0; }
  int64_t best_due = -1;     // index into due; -1 = none
  std::string best_weights;  // raw float32, with keep_best
};

struct RunRequest {
  RunSpec spec;
  std::vector<int> mst_keys;  // a model
  int64_t iterations = 1;     // 0 = train nothing: score all models once over spec.training
  std::vector<int64_t> due;   // iterations, from 1, after which models that train are scored; ascending, the last is `iterations`
  plan::StoppingPolicy stopping;
  int workers = 0;         // wanted; 0 = train in this session
  bool keep_best = false;  // keep each model's weights of its best due iteration
  /// Writes a model's first state into its block.
  std::function<void(int model, engine::Model* engine, void* block)> initialise;
  /// Reads a model's last state out of its block; called model by model when all workers have ended and statements may write again. May be
  /// empty.
  std::function<void(int model, const engine::Model& engine, const void* block, const ModelResult& result)> collect;
};

struct RunResult {
  std::vector<VisitRecord> visits;
  std::vector<ModelResult> models;
  std::vector<int64_t> due;  // those of the request that the run came to: it ends early when all models have stopped
  int workers = 0;           // that took part; 0 = the session trained
  std::string state_place;   // "shared memory", "mapped file", "session memory"
  double seconds = 0;
};

/// What a scored model's metrics say of a table: engine::Model::metric_names and Finish. NaN for a model that has diverged.
struct ModelScores {
  std::vector<std::string> names;
  std::vector<double> values;
};

}  // namespace train
