// evaluate on a Greenplum cluster: every segment scores all models on its own rows, in one statement.
#pragma once

#include <vector>

#include "pg/names.hpp"
#include "data/packed_table.hpp"
#include "store/result_tables.hpp"
#include "train/run.hpp"

namespace segments {

/// Scores every model of `models` over `test`, in the order of models.models. beside: names the schema of the tables that are needed for it.
std::vector<train::ModelScores> ScoreOnSegments(const store::ModelTable& models, const data::PackedTable& test, const pg::TableName& beside, bool use_gpus);

}  // namespace segments
