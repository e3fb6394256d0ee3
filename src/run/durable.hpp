// A durable run: fit_multiple_model in parts, each of which is a transaction. What was committed stays, and the same call
// goes on from there.
#pragma once

#include <cstdint>

#include "train/arguments.hpp"

namespace run {

/// CALL cerebro.fit: commits at most every checkpoint_interval seconds, at the end of a round or, within one, behind the
/// visits that are under way. REQUIRES a CALL that may commit. Errors: those of fit_multiple_model; kPrerequisiteState
/// when another session is at this run, or when it was begun with something else. An error leaves what was committed,
/// and its text in <out>_run.
void FitDurably(const train::FitArguments& arguments, double checkpoint_interval);

/// cerebro.advance: as many iterations more, within the caller's transaction. Returns how many are left.
int64_t Advance(const train::FitArguments& arguments, int64_t iterations);

}  // namespace run
