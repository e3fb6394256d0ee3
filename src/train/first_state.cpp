#include "train/first_state.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
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

void WriteClonedState(const PreparedFit& fit, const PreparedModel& model, const PreparedModel& parent, const void* from, void* block) {
  model.program->Initialise(model.spec->config.optimizer, block, fit.seed, model.stream(), static_cast<uint32_t>(fit.plan.visits()), pg::CheckInterrupts);
  const bool optimizer = model.keeps_optimizer && model.spec->config.optimizer.kind == parent.spec->config.optimizer.kind;
  CloneState(model.program->layout(), parent.program->layout(), optimizer, from, block);
}

// What is equal by name and size goes along. Schedules count optimizer steps: a fresh optimizer begins at its first one.
void CloneState(const engine::StateLayout& own, const engine::StateLayout& other, bool optimizer, const void* from, void* block) {
  bool all_there = optimizer;
  const size_t width = base::DTypeSize(own.precision);
  for (const engine::StateTensor& tensor : own.tensors) {
    if (tensor.is_slot && !optimizer) continue;
    const auto same = std::find_if(other.tensors.begin(), other.tensors.end(), [&](const engine::StateTensor& candidate) {
      return candidate.name == tensor.name && candidate.count == tensor.count && candidate.is_slot == tensor.is_slot;
    });
    if (same == other.tensors.end()) {
      all_there = false;  // such as those of another kind of momentum
      continue;
    }
    std::memcpy(static_cast<char*>(block) + tensor.offset, static_cast<const char*>(from) + same->offset, tensor.count * width);
  }
  engine::StateCounters& counters = store::CountersOf(block);
  const engine::StateCounters& before = store::CountersOf(from);
  counters.iterations_done = before.iterations_done;
  counters.rows_seen = before.rows_seen;
  if (all_there) counters.step = before.step;
}

}  // namespace train
