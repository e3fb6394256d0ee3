// <out>_trials and <out>_control: what is kept of a living run besides its models.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "store/result_columns.hpp"
#include "train/trials.hpp"

namespace train {

/// By key; none where there is no such table. Errors: kDataCorrupted for rows that are no trials.
std::vector<LivingTrial> ReadTrials(const store::ResultTables& tables);

/// By key, digests of the trials' architectures and their weights, as far as they were kept. REQUIRES the run's own table.
std::map<int64_t, std::string> ReadArchitecturesOfTrials(const store::ResultTables& tables);

/// Instead of those that are there; the table is made where it is not. architectures: of the trials that are not deleted.
void WriteTrials(const store::ResultTables& tables, const std::vector<LivingTrial>& trials, std::map<int64_t, std::string> architectures);

/// Actions that have taken no effect yet, in the order in which they were asked for. Those that are none (anybody with the
/// right to insert rows may write them) are marked as refused at once. Reads the newest rows; outside of parallel mode.
std::vector<ControlAction> ReadActions(const store::ResultTables& tables, int64_t round);
/// Those that have, with their rounds.
std::vector<ControlAction> ReadActionsDone(const store::ResultTables& tables);
/// Whether there are any that have not, besides those that the run has taken and not marked yet. Reads the newest rows; allowed
/// in parallel mode.
bool AnyActionsWait(const store::ResultTables& tables, const std::vector<ControlAction>& taken);
/// Marks what took effect.
void WriteActionsDone(const store::ResultTables& tables, const std::vector<ControlAction>& actions);

}  // namespace train
