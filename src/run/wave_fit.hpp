// fit_multiple_model on a Greenplum cluster: seeds go out to the segments, waves run, results are written where the states lie.
#pragma once

#include "run/fit.hpp"
#include "run/fit_prepare.hpp"
#include "run/hop_loop.hpp"

namespace run {

/// hop: of a prepared run; its functions are not used.
HopResult FitOnSegments(const FitArguments& arguments, const PreparedFit& fit, const HopRequest& hop, double started_at);

}  // namespace run
