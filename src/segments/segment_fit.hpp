// fit_multiple_model on a Greenplum cluster: seeds go out to the segments, rounds run, results are written where the states lie.
#pragma once

#include "train/arguments.hpp"
#include "train/prepare.hpp"
#include "train/run.hpp"

namespace segments {

/// hop: of a prepared run; its functions are not used.
train::RunResult FitOnSegments(const train::FitArguments& arguments, const train::PreparedFit& fit, const train::RunRequest& hop, double started_at);

}  // namespace segments
