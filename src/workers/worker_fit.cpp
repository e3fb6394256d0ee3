#include "workers/worker_fit.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "pg/report.hpp"
#include "store/training_state.hpp"
#include "train/arguments.hpp"
#include "train/first_state.hpp"
#include "train/prepare.hpp"
#include "train/results.hpp"
#include "train/run.hpp"
#include "workers/worker_driver.hpp"

namespace workers {

train::RunResult FitOnWorkers(const train::FitArguments& arguments, const train::PreparedFit& fit, train::RunRequest request, double started_at) {
  std::vector<train::KeptModel> kept(fit.models.size());
  train::CreateResultTables(arguments, fit);
  request.initialise = [&](int m, engine::Model* engine, void* block) {
    train::WriteFirstState(fit, fit.models[static_cast<size_t>(m)], *engine, block);
  };
  request.collect = [&](int m, const engine::Model& engine, const void* block, const train::ModelResult& result) {
    const auto model = static_cast<size_t>(m);
    if (m == 0) train::ClearResultTables(arguments, fit);
    pg::CheckInterrupts();
    std::string weights = result.best_weights;
    if (result.best_due < 0) engine.StoreWeights(block, &weights);
    train::WriteModel(fit, model, weights, store::EncodeState(fit.models[model].spec, fit.training.spec, engine.layout(), block));
    kept[model].weight_bytes = weights.size();
    kept[model].iterations_done = static_cast<int64_t>(static_cast<const engine::StateCounters*>(block)->iterations_done);
    kept[model].metric_names = engine.metric_names();
  };
  train::RunResult result = RunOnWorkers(request, fit.output.models.Sql());
  train::WriteReports(arguments, fit, result, kept, started_at);
  return result;
}

}  // namespace workers
