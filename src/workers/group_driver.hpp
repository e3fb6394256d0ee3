// Trains the groups of a packed table by the processes of this server, a window of them at a time.
//
// A window has as many groups as cerebro.group_mem has room for what comes of them. Workers start with a window, take
// whole groups, and end with it; then the caller writes what came of it, because no statement may write beside workers.
// A group with more rows than a process's share of all rows, or more than a process may keep in memory, does not wait
// for one process: its models hop between its partitions before the window's other groups are trained, with all
// processes. No bit depends on any of this.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "data/groups.hpp"
#include "train/group_run.hpp"
#include "workers/group_memory.hpp"

namespace workers {

/// What is said while a window is trained: groups of it that are done, and rows trained, epochs counted.
using GroupProgress = std::function<void(int64_t groups_done, int64_t rows_trained)>;

/// The weights with which a group begins, a model, raw float32 in Keras's order; false: it begins with the first states.
using StartWeights = std::function<bool(const data::Group& group, std::vector<std::string>* weights)>;

class GroupDriver {
 public:
  /// training, validation (nullptr: none): the tables of run.spec. first_states: a model, laid out as its program says.
  /// compared: the state of run.compared_model, or nullptr. processes: parallel workers, 0: the session trains. All but
  /// run outlive the driver.
  GroupDriver(train::GroupRun run, std::shared_ptr<engine::ModelPool> pool, const data::GroupedTable& training,
              const data::GroupedTable* validation, const std::vector<const void*>& first_states, const void* compared,
              int processes);
  ~GroupDriver();

  /// Groups of a window: at least 1.
  size_t GroupsAtOnce() const { return groups_at_once_; }
  /// Bytes of what comes of a group.
  size_t GroupBytes() const;
  /// Trains groups, none of them skipped, and hands over what came of each, in their order. The outcome is valid during
  /// the call of `use`, in which statements may write. Returns the workers that took part. REQUIRES at most
  /// GroupsAtOnce groups, ascending by id. weights: empty: all groups begin with the first states.
  int TrainWindow(const std::vector<data::Group>& groups, const StartWeights& weights, const GroupProgress& progress,
                  const std::function<void(const train::GroupOutcome&)>& use);
  /// What a window of so many groups needs, of all processes. Errors: kOutOfMemory when it is more than may be used.
  void RequireMemory(size_t groups) const;

 private:
  bool Hops(const data::Group& group) const;
  void Begin(const data::Group& group, const StartWeights& weights, GroupWindowHead* window, size_t number) const;
  /// Returns the workers that took part.
  int TrainHopping(const data::Group& group, GroupWindowHead* window, size_t number);
  std::vector<double> Compare(const train::RunRequest& request) const;
  int TrainTogether(GroupWindowHead* window, const pg::SharedMemory* memory, int processes,
                    const GroupProgress& progress);

  const train::GroupRun run_;
  const std::shared_ptr<engine::ModelPool> pool_;
  const data::GroupedTable& training_;
  const data::GroupedTable* validation_;
  const std::vector<const void*>& first_states_;
  const void* compared_;
  const int processes_;
  train::RunRequest request_;
  std::unique_ptr<SlabLayout> layout_;
  std::string spec_text_;
  size_t groups_at_once_ = 1;
};

}  // namespace workers
