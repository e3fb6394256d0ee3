#include "workers/worker_fit.hpp"

#include <string>
#include <utility>

#include "store/training_state.hpp"
#include "train/first_state.hpp"
#include "train/results.hpp"
#include "workers/worker_driver.hpp"

namespace workers {

std::unique_ptr<train::Driver> MakeFitDriver(const train::FitArguments& arguments, const train::PreparedFit& fit,
                                             const train::RunRequest& request) {
  StateAccess states;
  states.initialise = [&fit](int m, engine::Model* engine, void* block) {
    train::WriteFirstState(fit, fit.models[static_cast<size_t>(m)], *engine, block);
  };
  states.collect = [&arguments, &fit](int m, const engine::Model& engine, const void* block, const std::string* best) {
    const auto model = static_cast<size_t>(m);
    if (m == 0) train::ClearResultTables(arguments, fit);
    std::string weights;
    if (best == nullptr) engine.StoreWeights(block, &weights);
    train::WriteModel(fit, model, best != nullptr ? *best : weights,
                      store::EncodeState(fit.models[model].spec, fit.training.spec, engine.layout(), block));
  };
  return std::make_unique<WorkerDriver>(request, std::move(states));
}

}  // namespace workers
