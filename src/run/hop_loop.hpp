// The hop loop: a planned set of models goes round the partitions until every model has seen all data `iterations` times.
//
// One plan, two drivers. With parallel workers the session coordinates: it sets targets, takes the visit log out, reports, and computes
// the metrics from the sums that the workers leave. Without workers it does the same and the tasks too. No result depends on which.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/model.hpp"
#include "pg/progress.hpp"
#include "plan/stopping.hpp"
#include "run/hop_memory.hpp"

namespace run {

/// One model's record of the run.
struct HopModelResult {
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

struct HopRequest {
  HopSpec spec;
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
  std::function<void(int model, const engine::Model& engine, const void* block, const HopModelResult& result)> collect;
};

struct HopResult {
  std::vector<VisitRecord> visits;
  std::vector<HopModelResult> models;
  std::vector<int64_t> due;  // those of the request that the run came to: it ends early when all models have stopped
  int workers = 0;           // that took part; 0 = the session trained
  std::string state_place;   // "shared memory", "mapped file", "session memory"
  double seconds = 0;
};

/// Runs it. Errors of any process end all and are raised here; nothing was written to any table by then.
HopResult RunHopLoop(const HopRequest& request, const std::string& model_table);

}  // namespace run
