// fit_multiple_model on a table that is packed by group: a model for every group and configuration.
#pragma once

#include <string>
#include <vector>

#include "pg/names.hpp"
#include "train/arguments.hpp"
#include "train/group_results.hpp"
#include "train/prepare.hpp"

namespace run {

/// How a run over groups is carried out: a pure function of the arguments, the tables' summaries and the settings.
struct GroupPlan {
  int processes = 0;          // parallel workers; 0: the session trains
  bool on_segments = false;   // they are segments, each with the groups that lie on it
  std::string serial_reason;  // why it does although workers were asked for
  bool too_short = false;     // it does because their start would take longer than they save
  int64_t groups = 0, trained_groups = 0, largest_rows = 0, rows = 0;
  bool largest_hops = false;
  size_t groups_at_once = 0, group_bytes = 0;  // of a window
  double seconds = 0;                          // estimated, of training and metrics, by all processes
};

/// REQUIRES fit.grouped.
GroupPlan PlanGroups(const train::FitArguments& arguments, const train::PreparedFit& fit);

/// Trains all groups and writes the result tables. into: nullptr, or of a refresh: the run that gets the rows of these groups,
/// of which it has none, in the place of new tables; what is known of the run stays. Returns how many groups came to which end. REQUIRES fit.grouped. Errors: kPrerequisiteState when more than
/// max_failed_groups fail.
train::GroupCounts FitGroups(const train::FitArguments& arguments, train::PreparedFit* fit, double started_at,
                             const pg::TableName* into = nullptr);

/// What FitGroups would do, a line each.
std::vector<std::string> ExplainGroups(const train::FitArguments& arguments, const train::PreparedFit& fit);

}  // namespace run
