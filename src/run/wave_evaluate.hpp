// evaluate on a Greenplum cluster: every segment scores all models on its own rows, in one statement.
#pragma once

#include <vector>

#include "engine/model.hpp"
#include "pg/names.hpp"
#include "run/model_store.hpp"
#include "run/packed_table.hpp"

namespace run {

/// Metric sums of each model of `models` over `test`, as engine::Model::Finish takes them; empty for a diverged model. beside: names the schema
/// of the tables that are needed for it.
std::vector<std::vector<double>> SumsOnSegments(const ModelTable& models, const PackedTable& test, const pg::TableName& beside, bool use_gpus);

}  // namespace run
