// The driver of Greenplum: the segments are the workers.
//
// Bundles of models go round the data segments as in a Latin square: an iteration has as many rounds as there are data segments, or a few more
// where loads are so uneven that it pays to let models rest (plan/rounds.hpp). A round is one statement in which every segment trains the models
// that are there and that train in this round on all of its own partitions, and hands each model's state on to the segment where the plan wants it
// next. The data stays, the states move between segments; the session sees a small record of each model only.
#pragma once

#include <memory>

#include "train/arguments.hpp"
#include "train/driver.hpp"
#include "train/prepare.hpp"
#include "train/run.hpp"

namespace segments {

/// The driver of a prepared fit on this cluster. All arguments outlive it. Errors: segments with another library than the coordinator's.
std::unique_ptr<train::Driver> MakeFitDriver(const train::FitArguments& arguments, const train::PreparedFit& fit,
                                             const train::RunRequest& request);

}  // namespace segments
