#include "workers/worker_scoring.hpp"

#include <algorithm>
#include <string>

#include "pg/parallel.hpp"
#include "pg/report.hpp"
#include "pg/settings.hpp"
#include "plan/cost.hpp"
#include "data/packed_table.hpp"
#include "store/loaded_model.hpp"
#include "store/result_tables.hpp"
#include "train/run.hpp"
#include "workers/worker_driver.hpp"

namespace workers {
namespace {

// Seconds of work in this session from which it pays to start other processes: each loads the engine's libraries anew.
constexpr double kWorthWorkers = 2.0;

int ChooseWorkers(const train::RunSpec& spec) {
  const pg::Settings settings = pg::CurrentSettings();
  if (spec.training.temporary || pg::InParallelWorker()) return 0;
  int workers = settings.workers;
  if (workers < 0) {
    double seconds = 0;
    for (const double cost : spec.costs) seconds += cost * spec.training.spec.num_partitions;
    workers = seconds < kWorthWorkers ? 0 : std::min(pg::Cores(), pg::WorkerLimit());
  }
  return std::min(workers, spec.training.spec.num_partitions);
}

}  // namespace

// A run without training: its workers take partitions, and each reads its partition once for all models. Diverged models come out as NaN.
std::vector<train::ModelScores> ScoreOnWorkers(const store::ModelTable& models, const data::PackedTable& test, bool use_gpus) {
  train::RunRequest request;
  train::RunSpec& spec = request.spec;
  spec.training = test;
  const double rows = static_cast<double>(test.spec.rows) / test.spec.num_partitions;
  for (const store::StoredModel& stored : models.models) {
    request.mst_keys.push_back(stored.mst_key);
    spec.models.push_back(store::ScoringSpec(stored));
    spec.costs.push_back(rows * plan::EstimateCost(stored.graph, stored.config, true).seconds_per_scored_row);
  }
  spec.plan = plan::MakePlan(spec.costs, test.spec.num_partitions, 1, 0);
  spec.first_iteration.assign(spec.plan.bundles.size(), 0);
  spec.precision = store::ScoringOptions(models, use_gpus).precision;
  spec.use_gpus = use_gpus;
  request.iterations = 0;
  request.workers = ChooseWorkers(spec);
  std::vector<train::ModelScores> results(models.models.size());
  request.initialise = [&](int m, engine::Model* engine, void* block) {
    const store::StoredModel& stored = models.models[static_cast<size_t>(m)];
    results[static_cast<size_t>(m)].names = engine->metric_names();
    store::LoadStoredWeights(models, stored, *engine, block);
    if (store::IsDiverged(stored)) static_cast<engine::StateCounters*>(block)->diverged_step = 1;
  };
  const train::RunResult scored = RunOnWorkers(request, models.name.Sql());
  for (size_t m = 0; m < results.size(); m++) results[m].values = scored.models[m].training.front();
  return results;
}

}  // namespace workers
