// Models that train side by side on the same buffers. (What is scored side by side is in engine/core/state_scorer.hpp.)
//
// A model's bits are those of Model::Train, whatever the group's width, its other members, their order and when they
// take turns: every member keeps its own row order, random streams, state and position in the buffer; what is shared is
// memory that each mini-batch writes before it reads. A member that diverges leaves; the others do not notice. Neither do
// they where a member fails, if it is to be left out (OnError): only what all of them ask for together, the size of the
// workspace, fails them all.
#pragma once

#include <memory>
#include <vector>

#include "base/tensor.hpp"
#include "engine/core/model.hpp"

namespace engine {

class Workspace;  // engine/api/workspace.hpp

class ModelGroup {
 public:
  /// models: not empty; attached to their states at every Train; outlive the group. batches_per_switch: mini-batches
  /// that a member trains before the next member does, 0 = all of a buffer (no result depends on it). workspace: that
  /// the members share with each other, and with other groups of this thread; nullptr: one of the group's own, or for a
  /// single member that of the model. Nothing in it is kept between two calls of Train.
  explicit ModelGroup(std::vector<Model*> models, int batches_per_switch = 0, std::shared_ptr<Workspace> workspace = nullptr,
                      OnError on_error = OnError::kThrows);
  ~ModelGroup();
  ModelGroup(const ModelGroup&) = delete;
  ModelGroup& operator=(const ModelGroup&) = delete;

  size_t size() const;

  /// Model::Train for every member: what each saw of this buffer, in the order of the members. Call behind every
  /// member's BeginVisit. What members on a device saw is in EndVisit's results, for the whole visit. With
  /// OnError::kLeavesOut a member's error is in its result, this time and every time after it.
  const std::vector<TrainResult>& Train(const base::Buffer& buffer, const Poll& poll);
  /// Model::EndVisit for every member, likewise.
  const std::vector<TrainResult>& EndVisit(const Poll& poll);
  /// Gives up a visit that will not be ended, and its memory on a device: states that were trained there are as they
  /// were. An error of Train or EndVisit does so, too, for this group.
  void DropVisit();
  /// Behind EndVisit: the device that trained each member; -1: the processor.
  const std::vector<int>& devices() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace engine
