// fit_multiple_model: check everything, plan, let the driver of this server train, keep the results.
#pragma once

#include "train/arguments.hpp"
#include "train/prepare.hpp"
#include "train/run.hpp"

namespace run {

/// Keeps other sessions' runs from the same result tables until the transaction ends: called before a run is prepared. Errors: kPrerequisiteState.
void ClaimOutput(const train::FitArguments& arguments);

/// Trains and writes the five result tables. Everything wrong with models, tables or parameters is reported before any training.
void FitMultipleModel(const train::FitArguments& arguments);

/// Runs a prepared fit and writes the result tables. started_at: of the statement's work, for the summary.
train::RunResult RunFit(const train::FitArguments& arguments, train::PreparedFit* fit, double started_at);

}  // namespace run
