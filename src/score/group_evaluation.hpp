// Scores of a run over groups: over a table that is packed by group, each group by the model that predicts for it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/groups.hpp"
#include "store/group_models.hpp"

namespace score {

/// What a group's model is worth over its rows.
struct GroupScore {
  int64_t group_id = 0;  // in the test table
  int64_t rows = 0;
  const char* chosen = nullptr;  // store::kChosenOwn or kChosenGlobal
  int mst_key = 0;
  std::vector<std::string> names;  // the loss first
  std::vector<double> values;
};

/// Whether the models can be scored over the table. Errors: other grouping columns; a table that does not fit.
void RequireScorable(const store::GroupModels& models, const data::GroupedTable& test);

/// Scores every group of the table by the model that predicts for its keys, in the order of the groups' ids. Returns
/// the groups without one. The session does it, and keeps nothing for a group. REQUIRES RequireScorable.
int64_t ScoreGroups(store::GroupModels* models, const data::GroupedTable& test, bool use_gpus,
                    const std::function<void(const GroupScore&)>& use);

/// evaluate: writes a row a group that has a model. Groups are matched by their keys. REQUIRES store::NamesGroups.
/// Errors: those of OpenAnyGroupModels, OpenGroupedTable and RequireScorable; an output table that exists or may not be
/// made; kPrerequisiteState when no group has a model.
void EvaluateByGroup(std::string_view model_table, std::string_view test_table, std::string_view output_table,
                     bool use_gpus, std::optional<int> mst_key);

}  // namespace score
