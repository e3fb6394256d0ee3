// evaluate by the processes of this server: workers and, when there are none, the session itself.
#pragma once

#include <vector>

#include "data/packed_table.hpp"
#include "store/result_tables.hpp"
#include "train/run.hpp"

namespace workers {

/// Scores every model of `models` over `test` in one shared scan. In the order of models.models.
std::vector<train::ModelScores> ScoreOnWorkers(const store::ModelTable& models, const data::PackedTable& test, bool use_gpus);

}  // namespace workers
