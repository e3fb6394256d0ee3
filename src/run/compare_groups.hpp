// The groups of a run held against another global model than the one that they were trained beside.
#pragma once

#include <optional>

#include "data/groups.hpp"
#include "pg/names.hpp"

namespace run {

/// The key of the best model of a run over the rows of all groups. global: its output. Errors: kPrerequisiteState when
/// there is none, or all have diverged.
int BestGlobalModel(const pg::TableName& global);

/// Scores the global model of this mst_key over every group that has rows in the packed table, over those that validate
/// where it has any, and chooses each group's model again by the rule of the run: global_value, chosen and mst_key of
/// <output>_groups. must_be_beaten: promote => 'if_better'. Memory does not grow with the groups. The session does it.
void CompareGroups(const pg::TableName& output, int global_mst_key, const data::GroupedTable& training,
                   const std::optional<data::GroupedTable>& validation, bool must_be_beaten);

}  // namespace run
