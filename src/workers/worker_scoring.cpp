#include "workers/worker_scoring.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "pg/parallel.hpp"
#include "pg/report.hpp"
#include "pg/settings.hpp"
#include "plan/cost.hpp"
#include "plan/estimate.hpp"
#include "data/packed_table.hpp"
#include "store/loaded_model.hpp"
#include "store/result_tables.hpp"
#include "store/training_state.hpp"
#include "train/memory.hpp"
#include "train/run.hpp"
#include "train/run_log.hpp"
#include "train/states_decision.hpp"
#include "workers/worker_driver.hpp"

namespace workers {
namespace {

int ChooseWorkers(const train::RunRequest& request) {
  const train::RunSpec& spec = request.spec;
  const pg::Settings settings = pg::CurrentSettings();
  if (spec.training.temporary || pg::InParallelWorker()) return 0;
  int workers = settings.workers;
  if (workers < 0) {
    double seconds = 0;
    for (const double cost : spec.costs) seconds += cost * spec.training.spec.num_partitions;
    workers = std::min({pg::Cores(), pg::WorkerLimit(), spec.training.spec.num_partitions});
    const bool autograd = std::any_of(request.programs.begin(), request.programs.end(), [](const auto& program) { return !program->has_kernels(); });
    if (!plan::WorthWorkers(seconds, workers, autograd)) workers = 0;
  }
  if (spec.use_gpus) workers = std::min(workers, store::DeviceProcesses());
  return std::min(workers, spec.training.spec.num_partitions);
}

/// Shows a scoring in cerebro.stat_progress.
class ScoringProgress : public train::VisitSink {
 public:
  ScoringProgress(const train::RunRequest& request, const std::string& model_table) : log_(request, model_table) {
    result_.models.resize(request.mst_keys.size());
    log_.Show(result_, train::RunPhase::kInitialising, 0);
  }
  void Started(int workers) {
    result_.workers = workers;
    Progress(0);
  }
  void Visit(const train::VisitRecord&) override {}
  void IterationDone(int64_t) override {}
  void Progress(int64_t rows) override { log_.Show(result_, train::RunPhase::kEvaluating, rows); }

 private:
  train::RunResult result_;
  train::RunLog log_;
};

}  // namespace

// A run without training: its workers take partitions, and each reads its partition once for all models. Diverged
// models come out as NaN.
std::vector<train::ModelScores> ScoreOnWorkers(const store::ModelTable& models, const data::PackedTable& test, bool use_gpus) {
  train::RunRequest request;
  train::RunSpec& spec = request.spec;
  spec.training = test;
  const double rows = static_cast<double>(test.spec.rows) / test.spec.num_partitions;
  for (const store::StoredModel& stored : models.models) {
    request.mst_keys.push_back(stored.mst_key);
    spec.models.push_back(std::make_shared<const store::ModelSpec>(store::ScoringSpec(stored)));
    spec.costs.push_back(rows * plan::EstimateCost(*stored.graph, stored.config, true).seconds_per_scored_row);
  }
  const engine::Options options = store::ScoringOptions(models, use_gpus);
  request.pool = std::make_shared<engine::ModelPool>(test.spec, options);
  for (const auto& model : spec.models) {
    pg::CheckInterrupts();
    request.programs.push_back(request.pool->ProgramOf(model->graph, model->config));
  }
  spec.plan = plan::MakePlan(spec.costs, std::vector<plan::Sequence>(spec.costs.size()), test.spec.num_partitions, 1);
  spec.precision = options.precision;
  spec.use_gpus = use_gpus;
  request.iterations = 0;
  request.workers = ChooseWorkers(request);
  std::vector<train::ModelScores> scores(models.models.size());
  StateAccess states;
  states.initialise = [&](int m, void* block) {
    const store::StoredModel& stored = models.models[static_cast<size_t>(m)];
    const engine::Program& program = *request.programs[static_cast<size_t>(m)];
    train::ModelScores& own = scores[static_cast<size_t>(m)];
    own.names = program.metric_names();
    own.values.assign(own.names.size(), std::nan(""));
    std::memset(block, 0, engine::kStateCountersBytes);  // what weights fill is left to them: they look for interrupts
    store::LoadStoredWeights(models, stored, program, block);
    if (store::IsDiverged(stored)) store::CountersOf(block).diverged_step = 1;
  };
  WorkerDriver driver(request, std::move(states));
  request.states = train::DecideStates(driver.state_bytes(), request.workers);
  train::RunTasks tasks;
  tasks.stored = true;
  train::RequireMemory("the evaluation", train::MemoryOf(request, tasks), train::kEvaluationMemoryHint);
  ScoringProgress progress(request, models.name.Text());
  const std::vector<uint64_t> diverged = driver.Enter();
  progress.Started(driver.workers());
  std::vector<int> scored;
  for (size_t m = 0; m < diverged.size(); m++) {
    if (diverged[m] == 0) scored.push_back(static_cast<int>(m));
  }
  std::vector<std::vector<double>> values = driver.Score(train::ScoredTable::kTraining, scored, &progress);
  for (size_t i = 0; i < scored.size(); i++) scores[static_cast<size_t>(scored[i])].values = std::move(values[i]);
  train::RunResult nothing_kept;
  driver.Collect(&nothing_kept);
  return scores;
}

}  // namespace workers
