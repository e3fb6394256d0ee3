// The memory of a window of groups that all its processes see.
//
//   block = GroupWindowHead | specification | first states | state of the global model that is compared | tasks |
//           entries | slabs
//
// A window is some groups that follow each other: as many as cerebro.group_mem has room for. An entry is a group's
// sizes and how it ended. A slab has what the group begins with and then what came of it: of each model a
// GroupModelEntry, its evaluations and its weights.
// All slabs are of one size, since the models are the same.
//
// Immutable part: written by the caller before any process starts. Under `sync`: the head's mutable part. An entry and
// its slab are written by the process that has taken their task, and read by the caller when all processes have ended.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "data/groups.hpp"
#include "pg/parallel.hpp"
#include "plan/group_tasks.hpp"
#include "train/group_run.hpp"
#include "train/group_trainer.hpp"
#include "train/run.hpp"

namespace workers {

enum class GroupState : int32_t { kWaits = 0, kTrained = 1, kFailed = 2 };

struct GroupWindowHead {
  // immutable
  uint64_t bytes;
  uint64_t spec_offset, spec_bytes, first_states_offset, compared_offset, tasks_offset, entries_offset, slabs_offset,
      slab_bytes;
  int64_t groups, tasks;

  // lock for mutable state
  pg::SharedSync sync;

  // mutable state
  int64_t next_task, tasks_done, groups_done;
  int64_t rows_trained;  // epochs counted
};

struct GroupEntry {
  static constexpr size_t kMostErrorBytes = 400;
  int64_t group_id, rows, validation_rows;
  int32_t partitions;
  GroupState state;
  int32_t worker;
  int32_t has_weights;  // in its slab, with which it begins
  double started, ended;
  char error[kMostErrorBytes];
};

/// Writes down that a group has failed, and why.
void WriteGroupFailure(const base::Error& error, GroupEntry* entry);

struct GroupModelEntry {
  double training_seconds;
  int64_t iterations_done, stopped_iteration, best, evaluations;
  uint64_t diverged_step;
  char stopped_by[24];
};

std::string WriteGroupRun(const train::GroupRun& run);
train::GroupRun ReadGroupRun(const char* data, size_t bytes);

/// Where a slab's parts are, from its beginning: a function of what groups have in common.
class SlabLayout {
 public:
  SlabLayout(const train::RunRequest& request, const train::GroupRun& run);
  size_t bytes() const { return bytes_; }

  /// What a group begins with, before it is trained: rows of the classes, where any model is balanced, and by
  /// StoreWeights the weights of all models. Start views the slab; Store writes over it.
  void StoreClassRows(const std::vector<int64_t>& class_rows, char* slab) const;
  train::GroupStart Start(bool has_weights, const char* slab) const;

  /// Writes what came of a group. compared: metric values of the global model, or none. trainer: has the weights.
  void Store(const train::RunResult& result, const train::GroupTrainer& trainer, const std::vector<double>& compared,
             char* slab) const;
  /// The same of a result whose weights are in the slab already.
  void StoreResult(const train::RunResult& result, const std::vector<double>& compared, char* slab) const;
  void StoreWeights(const std::string& weights, size_t model, char* slab) const;
  /// The outcome's models, weights and compared values. They view the slab.
  void Load(const char* slab, train::GroupOutcome* outcome) const;

 private:
  struct Model {
    size_t entry = 0, evaluations = 0, weights = 0;
    size_t weight_bytes = 0;
    size_t values = 0;                                 // metrics, the loss among them
    size_t doubles() const { return 4 + 2 * values; }  // of an evaluation
  };
  const std::vector<bool> balanced_;
  const size_t classes_;
  std::vector<Model> models_;
  size_t class_rows_ = 0;
  size_t compared_ = 0, compared_values_ = 0;
  const size_t most_evaluations_;
  size_t bytes_ = 0;
};

/// The block without slabs, and with those of so many groups.
size_t GroupWindowBytes(const train::RunRequest& request, int compared_model, const std::string& spec_text,
                        size_t groups, size_t tasks, size_t slab_bytes);

/// Writes all that is immutable, and marks all groups as waiting. Slabs stay undefined. first_states: a model.
/// compared: the global model's state, or nullptr.
GroupWindowHead* LayOutGroupWindow(void* block, size_t bytes, const train::RunRequest& request, int compared_model,
                                   const std::string& spec_text, const std::vector<const void*>& first_states,
                                   const void* compared, const std::vector<data::Group>& groups,
                                   const std::vector<plan::GroupTask>& tasks, size_t slab_bytes);

/// Accessors into a laid-out block.
template <typename T>
T* At(GroupWindowHead* window, uint64_t offset) {
  return reinterpret_cast<T*>(reinterpret_cast<char*>(window) + offset);
}
inline GroupEntry* EntryOf(GroupWindowHead* window, size_t group) {
  return At<GroupEntry>(window, window->entries_offset) + group;
}
inline char* SlabOf(GroupWindowHead* window, size_t group) {
  return At<char>(window, window->slabs_offset + group * window->slab_bytes);
}

/// Where each model's first state lies, from the block's first_states_offset on; the last element is the end of them.
std::vector<size_t> FirstStateOffsets(const train::RunRequest& request);

}  // namespace workers
