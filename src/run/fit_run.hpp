// A prepared fit, run: what fit_multiple_model and EXPLAIN's analyze share.
#pragma once

#include "run/fit.hpp"
#include "run/fit_prepare.hpp"
#include "run/hop_loop.hpp"

namespace run {

/// Trains and writes the result tables. started_at: of the statement's work, for the summary.
HopResult RunFit(const FitArguments& arguments, const PreparedFit& fit, double started_at);

}  // namespace run
