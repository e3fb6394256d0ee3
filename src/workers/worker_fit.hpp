// fit_multiple_model by the processes of this server.
#pragma once

#include <memory>

#include "train/arguments.hpp"
#include "train/driver.hpp"
#include "train/prepare.hpp"
#include "train/run.hpp"

namespace workers {

/// The driver of a prepared fit: it takes first states from the tables that `fit` names and writes the last ones into the result tables. All
/// arguments outlive it.
std::unique_ptr<train::Driver> MakeFitDriver(const train::FitArguments& arguments, const train::PreparedFit& fit,
                                             const train::RunRequest& request);

}  // namespace workers
