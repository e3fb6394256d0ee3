// How a model enters a run.
#pragma once

#include "train/prepare.hpp"

namespace train {

/// Writes a model's first state into a block of its layout: the stored one when the run goes on, else initial weights
/// (the architecture's own where it has any). Says what a user must know of a stored state.
void WriteFirstState(const PreparedFit& fit, const PreparedModel& model, void* block);

}  // namespace train
