// A run over groups brought up to date: groups whose rows have changed since, and new ones, are packed and trained
// again.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>

namespace pack {
struct RefreshRound;
}

namespace run {

struct RefreshArguments {
  std::string model_output_table;
  std::optional<std::string> source_table;  // none: the table that was packed
  std::optional<std::string> start_from;    // 'initial' (none) or 'weights': what changed groups are trained from
  std::optional<int64_t> most_groups;       // that are packed and trained; the others wait for the next refresh
  std::set<std::string>* told = nullptr;    // groups that stay as they are and that the caller knows; or none
  pack::RefreshRound* round = nullptr;      // of a refresh in parts: what is left of its round, and will be
  bool global_model = false;                // the global models are trained again, too, and compared with all groups
  bool drop_vanished = false;               // groups without rows lose their buffers and models; else they keep them
};

/// Groups, by what was found and what was done.
struct Refreshed {
  int64_t added = 0, changed = 0, vanished = 0, unchanged = 0;
  int64_t trained = 0, skipped = 0, failed = 0;  // failed: those that diverged, and others with rows that cannot be packed
  int64_t unpacked_added = 0;                    // of the failed ones: new groups with such rows
  int64_t waiting = 0;                           // added and changed ones that are left for the next refresh
  double seconds = 0;
};

/// Models of groups whose rows are what they were keep their bytes. The others are trained by the configurations and
/// arguments of the run, from the beginning or on from their weights; new groups begin as in the run in both cases. Where
/// it has global models, these stay and are compared with as in the run; with global_model they are trained again on the
/// rows as they are now, and every group's model is chosen again. Errors: those of PackChangedGroups, of PackPooledAgain
/// and of fit_multiple_model; kPrerequisiteState when the selection table or its architectures are not those of the run
/// any more.
Refreshed RefreshGroups(const RefreshArguments& arguments);

/// The same, so many groups at a time, with a commit behind each part. What is committed stays whatever stops the call:
/// groups that are up to date are not found again. A group is looked at once: what changes behind that waits for the next call.
void RefreshInParts(RefreshArguments arguments, int64_t groups_at_once);

}  // namespace run
