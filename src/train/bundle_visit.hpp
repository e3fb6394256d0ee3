// The models of a bundle on one pass over a partition: each buffer is taken once and fed to all of them.
//
// No SQL and no memory of states: a driver attaches the models to blocks wherever those lie, makes one of these, feeds
// it the partition's buffers in order, and detaches. Both drivers train through this class, so that training is the
// same on PostgreSQL and on Greenplum.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/tensor.hpp"
#include "engine/core/model.hpp"
#include "engine/core/model_group.hpp"
#include "train/run.hpp"

namespace train {

/// Members that train side by side: indexes into BundleVisit's models.
struct FusionMembers {
  std::vector<int> members;
  int batches_per_switch = 0;  // engine::ModelGroup
};

class BundleVisit {
 public:
  /// models: attached from Begin to End; they and data outlive the visit. fusion groups: every model in one of them at
  /// most; models in none train alone. workspace: of all of them, kept by this thread from visit to visit; nullptr:
  /// each fusion group makes its own, and a lone model has its own. Models that have diverged before may be among them:
  /// they are left as they are.
  /// on_error: of a model.
  BundleVisit(std::vector<engine::Model*> models, const base::DataSpec* data, const std::vector<FusionMembers>& fusion_groups = {},
             const std::shared_ptr<engine::Workspace>& workspace = nullptr, engine::OnError on_error = engine::OnError::kThrows);

  /// By model: the partition that it knows as its first. Its random numbers are those of a table that begins there. Models
  /// that train side by side have the same one. partitions: of the table. Without this call it is partition 0.
  void CountPartitionsFrom(std::vector<int> first, int partitions);
  /// The buffers are those of a run's training table: devices keep them from visit to visit of this process.
  void KeepBuffers() { keeps_buffers_ = true; }
  /// Begins the visit of every model.
  void Begin();
  /// Trains all models on one packed buffer. columns: its data columns in the packed table's order. Errors:
  /// kInvalidParameter when the columns do not fit the data; what `poll`, called once a mini-batch, throws.
  void Feed(int partition_id, int buffer_id, const std::vector<base::Bytes>& columns, const engine::Poll& poll);
  /// Trains the rows that were carried on from buffer to buffer, and ends the visit of every model. poll: as in Feed.
  void End(const engine::Poll& poll);

  /// With OnError::kLeavesOut: why a model has failed; empty: it has not.
  const std::string& error(size_t model) const { return results_[model].error; }
  bool begun() const { return begun_; }
  bool ended() const { return ended_; }
  /// What the log says of each model, in the order of the models: rows, loss and times. The models are interleaved,
  /// mini-batch by mini-batch. In the log they follow each other from `started` to `ended` (seconds since the epoch):
  /// an interval for each model, of the time measured for its own work and an equal share of all the rest (query,
  /// fetching, common gathers). Model, iteration, partition and the like are the caller's to fill in.
  std::vector<VisitRecord> Records(double started, double ended) const;

 private:
  struct FusionGroup {
    std::vector<int> members;
    std::unique_ptr<engine::ModelGroup> models;
  };

  int PartitionOf(const FusionGroup& fusion_group, int partition_id) const;
  void Add(const FusionGroup& fusion_group, const std::vector<engine::TrainResult>& parts);

  std::vector<engine::Model*> models_;
  const base::DataSpec* data_;
  std::vector<FusionGroup> fusion_groups_;
  std::vector<engine::TrainResult> results_;
  std::vector<int> devices_;  // a model; -1: the processor
  std::vector<int> first_partition_;  // a model; empty: 0
  int partitions_ = 0;
  bool keeps_buffers_ = false;
  bool begun_ = false;
  bool ended_ = false;
};

}  // namespace train
