// The coordinator's side of a run over groups on the segments: a window of groups is one statement, in which every segment
// trains those of them that lie on it.
//
// A group is trained whole where it lies, however large it is. What comes of a group comes to the coordinator, which writes
// it; so a window has as many groups as cerebro.group_mem has room for.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "data/groups.hpp"
#include "engine/core/model_pool.hpp"
#include "segments/group_round.hpp"
#include "train/group_run.hpp"
#include "workers/group_driver.hpp"
#include "workers/group_memory.hpp"

namespace segments {

class GroupSegments {
 public:
  /// As workers::GroupDriver.
  GroupSegments(const train::GroupRun& run, const std::shared_ptr<engine::ModelPool>& pool, const data::GroupedTable& training,
                const data::GroupedTable* validation, const std::vector<const void*>& first_states, const void* compared);

  size_t GroupsAtOnce() const { return groups_at_once_; }
  size_t GroupBytes() const { return layout_->bytes(); }
  /// As workers::GroupDriver::TrainWindow. Returns the segments that took part.
  int TrainWindow(const std::vector<data::Group>& groups, const workers::StartWeights& weights, const workers::GroupProgress& progress,
                  const std::function<void(const train::GroupOutcome&)>& use);

 private:
  std::string Fault(const data::Group& group, const GroupReply& reply) const;

  const data::GroupedTable& training_;
  const data::GroupedTable* validation_;
  int64_t row_visits_ = 0;  // of a row, in the run
  std::unique_ptr<workers::SlabLayout> layout_;
  bool balanced_ = false;  // a model needs a group's class_rows
  GroupRequest request_;
  std::string statement_;
  size_t groups_at_once_ = 1;
};

/// How many segments the rows of groups lie on.
int GroupSegmentCount();

}  // namespace segments
