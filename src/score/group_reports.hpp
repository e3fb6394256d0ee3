// What a user asks of a run over groups: which configuration is best in each, which is best over all.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "pg/names.hpp"
#include "score/reports.hpp"

namespace score {

/// cerebro.group_leaderboard: rank, group_id, group_key (JSON of the key columns), status, chosen, mst_key,
/// compile_params, fit_params, metric, value, loss, global_value, group_rows, validation_rows, seconds, reason. Best
/// first, by the value of the best own model; groups without one last, by group_id; their rank is NULL. Rows come in
/// portions, since there may be a million groups. Errors: those of store::OpenGroupRun.
void GroupLeaderboard(std::string_view model_output_table, const std::function<void(const ReportRows&)>& use);

/// cerebro.leaderboard of a run over groups: its configurations, as Leaderboard has models. Losses and metrics are
/// means over the groups that were trained, weighted by the rows that they were computed from. A configuration that has
/// diverged in some group has status "diverged in n groups".
ReportRows ConfigurationLeaderboard(const pg::TableName& run);

}  // namespace score
