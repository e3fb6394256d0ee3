// One process that trains groups: it takes tasks of a window, reads their groups by one scan a table, and trains one
// group after the other. The same code runs in the parallel workers and, when there are none, in the session itself.
//
// What a group does wrong (an error of the engine, rows that are not there) is written into its entry, and the next
// group is trained. Errors of the server and a cancel end the run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "data/groups.hpp"
#include "engine/core/model_pool.hpp"
#include "train/group_run.hpp"
#include "train/group_trainer.hpp"
#include "workers/group_memory.hpp"

namespace workers {

class GroupProcess {
 public:
  /// pool: of this process; nullptr: one of its own. number: -1 for the session itself. The window's block outlives the
  /// process.
  GroupProcess(GroupWindowHead* window, std::shared_ptr<engine::ModelPool> pool, int number);
  ~GroupProcess();

  /// Trains the groups of a task, or returns false when there is none left.
  bool TryTask();

 private:
  struct LoadedGroups;

  void TrainGroups(size_t first, size_t count);
  LoadedGroups Load(const data::GroupedTable& table, int64_t first_id, int64_t last_id) const;
  void EndGroup(GroupEntry* entry);
  void TrainGroup(size_t group, const LoadedGroups& training, const LoadedGroups& validation);
  void Train(GroupEntry* entry, char* slab, const LoadedGroups& training, const LoadedGroups& validation);

  GroupWindowHead* window_;
  const train::GroupRun run_;
  const int number_;
  std::shared_ptr<engine::ModelPool> pool_;
  train::RunRequest request_;
  std::unique_ptr<SlabLayout> layout_;
  std::unique_ptr<train::GroupTrainer> trainer_;
  data::GroupedTable training_, validation_;
};

/// The whole life of a parallel worker. number: of the worker, from 0.
void RunGroupWorker(void* window, size_t bytes, int number);

}  // namespace workers
