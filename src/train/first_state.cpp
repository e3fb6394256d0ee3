#include "train/first_state.hpp"

#include <cstdint>
#include <string>
#include <string_view>

#include "pg/report.hpp"
#include "store/architectures.hpp"
#include "store/result_tables.hpp"
#include "store/training_state.hpp"
#include "train/prepare.hpp"
#include "train/results.hpp"

namespace train {

void WriteFirstState(const PreparedFit& fit, const PreparedModel& model, void* block) {
  const auto partitions = static_cast<uint32_t>(fit.plan.visits());
  model.program->Initialise(model.spec->config.optimizer, block, fit.seed, model.stream(), partitions, pg::CheckInterrupts);
  if (!model.stored) {
    store::LoadArchitectureWeights(*model.architecture, *model.program, block);
    return;
  }
  store::StateDecoder state(model.program->layout(), block);
  store::ReadState(*fit.stored, model.mst_key, [&](int64_t piece, std::string_view data) {
    pg::CheckInterrupts();
    state.Add(piece, data);
    return true;
  });
  const std::string key = "mst_key=" + std::to_string(model.mst_key);
  if (state.Finish() == store::StateFit::kWeightsOnly) {
    pg::Notice("model " + key + " goes on with its weights only: the stored optimizer state is of another optimizer");
  }
  const std::string& build = state.header().build;
  if (build != engine::BuildDescription()) {
    pg::Warning("model " + key + " was trained by another build (" + build + "): its further training will not repeat bit for bit",
                "This server's build is " + engine::BuildDescription() + ".");
  }
  engine::StateCounters& counters = store::CountersOf(block);
  if (fit.progress) return;  // in the middle of an iteration
  counters.partitions = partitions;
  counters.visits_in_iteration = 0;
  if (counters.diverged_step != 0) NoticeDivergedBefore(model.mst_key, counters.diverged_step);
}

}  // namespace train
