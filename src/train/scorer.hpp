// Scoring: any number of models over the partitions of a packed table, each read once for all of them.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "engine/api/workspace.hpp"
#include "engine/core/model.hpp"
#include "engine/core/model_group.hpp"
#include "data/buffer_source.hpp"

namespace train {

/// Feeds every buffer of a partition to all models. The models must have their states attached and outlive the scorer.
class Scorer {
 public:
  /// workspace: that the models work in; nullptr: one of the scorer's own. source: of the table; it outlives the scorer.
  Scorer(const std::vector<engine::Model*>& models, const data::BufferSource& source, std::shared_ptr<engine::KernelMemory> workspace = nullptr);

  /// Adds the partition's sums to `sums`: each model's sums_size() doubles, one model after another. Partitions may be scored anywhere; who
  /// adds their arrays in the order of partitions and then asks Model::Finish gets the same values whoever scored what. Serves interrupts
  /// once a mini-batch.
  void ScorePartition(int partition, double* sums) const;

 private:
  std::unique_ptr<engine::ModelGroup> models_;  // nullptr: none
  const data::BufferSource& source_;
};

}  // namespace train
