#include "workers/worker_fit.hpp"

#include <memory>
#include <string>
#include <utility>

#include "train/first_state.hpp"
#include "train/results.hpp"
#include "workers/worker_driver.hpp"

namespace workers {

std::unique_ptr<train::Driver> MakeFitDriver(const train::FitArguments& arguments, const train::PreparedFit& fit,
                                             const train::RunRequest& request) {
  StateAccess states;
  states.initialise = [&fit](int m, void* block) { train::WriteFirstState(fit, fit.models[static_cast<size_t>(m)], block); };
  states.clone = [&fit](int m, void* block, const void* parent) {
    const train::PreparedModel& model = fit.models[static_cast<size_t>(m)];
    train::WriteClonedState(fit, model, fit.models[static_cast<size_t>(model.parent)], parent, block);
  };
  const auto writer = std::make_shared<train::ModelWriter>(fit);
  states.collect = [&arguments, &fit, writer](int m, const void* block, const std::string* best, bool trained) {
    const bool kept = !fit.models[static_cast<size_t>(m)].deleted;
    if (fit.durable) {
      if (m == 0) train::ClearForCheckpoint(fit, {});
      if (kept) writer->Replace(fit.models[static_cast<size_t>(m)], block, best, trained);
    } else {
      if (m == 0) train::ClearResultTables(arguments, fit);
      if (kept) writer->Write(fit.models[static_cast<size_t>(m)], block, best);
    }
  };
  return std::make_unique<WorkerDriver>(request, std::move(states));
}

}  // namespace workers
