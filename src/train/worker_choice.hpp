// Who trains a prepared run: the session itself or parallel workers, the processor or devices.
#pragma once

#include "train/arguments.hpp"
#include "train/prepare.hpp"

namespace train {

/// Tells by a NOTICE which models do not train on a device although that is wished, and why.
void AnnounceProcessor(const PreparedFit& fit);

/// Fills in how many workers there are to be, and why there are none although some were asked for. REQUIRES a plan, and what
/// models cost.
void ChooseWorkers(const FitArguments& arguments, PreparedFit* fit);

}  // namespace train
