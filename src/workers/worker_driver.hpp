// The hop loop: a planned set of models goes round the partitions until every model has seen all data `iterations` times.
//
// One plan, two drivers. With parallel workers the session coordinates: it sets targets, takes the visit log out, reports, and computes
// the metrics from the sums that the workers leave. Without workers it does the same and the tasks too. No result depends on which.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/model.hpp"
#include "pg/progress.hpp"
#include "plan/stopping.hpp"
#include "train/run.hpp"

namespace workers {

/// Runs it. Errors of any process end all and are raised here; nothing was written to any table by then.
train::RunResult RunOnWorkers(const train::RunRequest& request, const std::string& model_table);

}  // namespace workers
