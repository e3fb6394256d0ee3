// evaluate of a run over groups: over a table that is packed by group, each group by the model that predicts for it.
#pragma once

#include <optional>
#include <string_view>

namespace score {

/// Writes a row a group that has a model: its loss and metrics over its rows in the test table. Groups are matched by
/// their keys. The session scores them itself, one after the other. REQUIRES store::NamesGroups. Errors: those of
/// OpenAnyGroupModels and OpenGroupedTable; a test table with other grouping columns or that does not fit; an output
/// table that exists or may not be made; kPrerequisiteState when no group has a model.
void EvaluateByGroup(std::string_view model_table, std::string_view test_table, std::string_view output_table,
                     bool use_gpus, std::optional<int> mst_key);

}  // namespace score
