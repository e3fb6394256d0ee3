// Scoring on a Greenplum cluster: every segment scores all models on its own rows, in one statement.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pg/names.hpp"
#include "data/packed_table.hpp"
#include "store/result_tables.hpp"
#include "segments/messages.hpp"
#include "segments/state_tables.hpp"
#include "train/run.hpp"

namespace segments {

/// Names a run for the processes of the segments: different for every run.
uint64_t NewRunNumber();

/// Metric sums of the models over a packed table, by one statement: result[m] is empty for a model that is not in table `from`.
std::vector<std::vector<double>> SumsOnSegments(const StateTables& tables, const std::string& from, const data::PackedTable& packed,
                                                size_t models, const RoundRequest& request);

/// Scores every model of `models` over `test`, in the order of models.models. beside: names the schema of the tables that are needed for it.
std::vector<train::ModelScores> ScoreOnSegments(const store::ModelTable& models, const data::PackedTable& test, const pg::TableName& beside, bool use_gpus);

}  // namespace segments
