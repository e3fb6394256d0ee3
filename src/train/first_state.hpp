// How a model enters a run.
#pragma once

#include "engine/core/model.hpp"
#include "train/prepare.hpp"

namespace train {

/// Writes a model's first state into a block of `engine`'s layout: the stored one when the run goes on, else initial weights (the
/// architecture's own where it has any). Says what a user must know of a stored state.
void WriteFirstState(const PreparedFit& fit, const PreparedModel& model, const engine::Model& engine, void* block);

}  // namespace train
