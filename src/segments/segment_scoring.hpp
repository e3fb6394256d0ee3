// Scoring on a Greenplum cluster: every segment scores all models on its own rows, in one statement.
#pragma once

#include <cstdint>
#include <map>
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

/// By partition: the metric sums of each model that was scored.
using SumsByPartition = std::vector<std::map<int32_t, std::vector<double>>>;

/// Gives each of the segments with these keys the weights of `states` that it has not.
void SpreadWeights(StateTables* tables, const StateLocations& states, const std::vector<int32_t>& keys);

/// Metric sums over a packed table of the models of `states`. keys: of the segments that hold the table's rows, to which the weights were
/// spread. errors: of a living run, why models have failed in it; may be nullptr.
SumsByPartition SumsOnSegments(const StateTables& tables, const StateLocations& states, const std::vector<int32_t>& keys,
                               const data::PackedTable& packed, const RoundRequest& request, std::map<int, std::string>* errors = nullptr);

/// A model's sums over these partitions, added in their order, whoever computed them. Empty for a model that was not scored.
std::vector<double> AddSums(const SumsByPartition& sums, const std::vector<int>& partitions, int model);

/// Scores every model of `models` over `test`, in the order of models.models. beside: names the schema of the tables that are needed for it.
std::vector<train::ModelScores> ScoreOnSegments(const store::ModelTable& models, const data::PackedTable& test, const pg::TableName& beside, bool use_gpus);

}  // namespace segments
