// How a model enters a run.
#pragma once

#include "engine/api/state.hpp"
#include "train/prepare.hpp"

namespace train {

/// Writes a model's first state into a block of its layout: the stored one when the run goes on, else initial weights
/// (the architecture's own where it has any). Says what a user must know of a stored state.
void WriteFirstState(const PreparedFit& fit, const PreparedModel& model, void* block);

/// Of a model that a living run adds: with the weights that `parent` has now, and with its optimizer's state where
/// keeps_optimizer says so and the optimizer is of the same kind. Both have one architecture.
void WriteClonedState(const PreparedFit& fit, const PreparedModel& model, const PreparedModel& parent, const void* from, void* block);

/// The same over a block that has been initialised. own, other: layouts of the block and of the parent's state. optimizer:
/// its state goes along, too.
void CloneState(const engine::StateLayout& own, const engine::StateLayout& other, bool optimizer, const void* from, void* block);

}  // namespace train
