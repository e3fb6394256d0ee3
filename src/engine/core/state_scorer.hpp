// Scores any number of training states over the same buffers, with one model for each program: a state costs no more
// than its block.
//
// The sums of a state are those of Model::Evaluate, whatever other states are scored beside it. Used by one thread.
#pragma once

#include <memory>
#include <vector>

#include "base/tensor.hpp"
#include "engine/core/model.hpp"
#include "engine/core/program.hpp"

namespace engine {

class Workspace;  // engine/api/workspace.hpp

/// A state to be scored.
struct ScoredState {
  std::shared_ptr<const Program> program;
  const base::TrainConfig* config = nullptr;  // outlives the scorer
  void* block = nullptr;                      // likewise; no value in it changes
};

class StateScorer {
 public:
  /// workspace: shared with others of this thread; nullptr: one of the scorer's own. on_error: of a state's model.
  explicit StateScorer(std::vector<ScoredState> states, std::shared_ptr<Workspace> workspace = nullptr, OnError on_error = OnError::kThrows);
  ~StateScorer();
  StateScorer(const StateScorer&) = delete;
  StateScorer& operator=(const StateScorer&) = delete;

  /// Doubles of all states together.
  size_t sums_size() const;
  /// Adds a buffer's rows: sums holds Program::sums_size() doubles a state, one state after another. poll: once a
  /// mini-batch.
  void Evaluate(const base::Buffer& buffer, double* sums, const Poll& poll);
  /// With OnError::kLeavesOut: of each state why its sums are not to be used; empty: they are.
  const std::vector<std::string>& errors() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace engine
