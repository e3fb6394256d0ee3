// A new version of a registered model against the deployed one, over a table with labels.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace score {

struct Promotion {
  bool promoted = false;
  std::string metric;        // by which they were compared
  int candidate_version = 0;
  double candidate = 0;
  int deployed_version = 0;  // before; 0: none was
  double deployed = 0;
  int64_t rows = 0;          // that were scored
};

/// cerebro.promote_if_better. test_table: a packed table, or a plain one that has the columns and the labels by their names, of which rows without a label are
/// left out; each version converts its rows as it was trained to. version: of the candidate, by default the latest. metric: by default the first one of
/// both, if they have the same, else the loss. Equal values promote nothing. Errors: those of RequireModelOwner, of reading the table, kInvalidParameter for a
/// metric that not both have, kPrerequisiteState for a table without rows.
Promotion PromoteIfBetter(const std::string& name, const std::string& test_table, std::optional<int> version, const std::optional<std::string>& metric);

}  // namespace score
