// Scoring: any number of models over the partitions of a packed table, each read once for all of them.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "engine/api/workspace.hpp"
#include "engine/core/state_scorer.hpp"
#include "data/buffer_source.hpp"

namespace train {

/// Feeds every buffer of a partition to all states.
class Scorer {
 public:
  /// workspace: that they work in; nullptr: one of the scorer's own. source: of the table; it outlives the scorer. on_error:
  /// of a state's model.
  Scorer(std::vector<engine::ScoredState> states, const data::BufferSource& source, std::shared_ptr<engine::Workspace> workspace = nullptr,
         engine::OnError on_error = engine::OnError::kThrows);

  /// Adds the partition's sums to `sums`: each state's sums_size() doubles, one after another. Partitions may be scored
  /// anywhere; who adds their arrays in the order of partitions and then asks Program::Finish gets the same values
  /// whoever scored what. Serves interrupts once a mini-batch.
  void ScorePartition(int partition, double* sums);
  /// engine::StateScorer::errors
  const std::vector<std::string>& errors() const { return states_.errors(); }

 private:
  engine::StateScorer states_;
  const data::BufferSource& source_;
};

}  // namespace train
