#include "workers/worker_fit.hpp"

#include <memory>
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
  states.initialise = [&fit](int m, void* block) { train::WriteFirstState(fit, fit.models[static_cast<size_t>(m)], block); };
  const auto encoder = std::make_shared<store::StateEncoder>(fit.training.spec);
  states.collect = [&arguments, &fit, encoder](int m, const void* block, const std::string* best) {
    if (m == 0) train::ClearResultTables(arguments, fit);
    const train::PreparedModel& model = fit.models[static_cast<size_t>(m)];
    std::string weights;
    if (best == nullptr) model.program->StoreWeights(block, &weights);
    train::WriteModel(fit, static_cast<size_t>(m), best != nullptr ? *best : weights, encoder->Encode(*model.spec, model.program->layout(), block));
  };
  return std::make_unique<WorkerDriver>(request, std::move(states));
}

}  // namespace workers
