// fit_multiple_model by the processes of this server: parallel workers, or the session itself.
#pragma once

#include "train/arguments.hpp"
#include "train/prepare.hpp"
#include "train/run.hpp"

namespace workers {

/// request: of a prepared run; its functions are set here.
train::RunResult FitOnWorkers(const train::FitArguments& arguments, const train::PreparedFit& fit, train::RunRequest request, double started_at);

}  // namespace workers
