// A packed table by group brought up to date with its source: groups that are new or whose rows have changed are packed
// again, by the description that the table has; all others keep their buffers. Called by run/refresh.hpp.
//
//   compare   one scan of the source: how many rows a group has, and whether one may have been written since
//             (pack/source_state.hpp); of groups that may have changed, the sum of the hashes of their rows (source_digest)
//   pack      the groups that differ, into tables beside the packed table, which are a packed table by group themselves
//   merge     their buffers replace those that the table has
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "data/groups.hpp"
#include "pack/refresh_round.hpp"
#include "pg/names.hpp"

namespace pack {

struct ChangedGroups {
  int64_t added = 0, changed = 0, unchanged = 0, vanished = 0;  // groups
  int64_t waiting = 0;                      // groups, added and changed ones, that are left for the next refresh
  int64_t failed = 0;                       // groups, in none of these counts, with rows that cannot be packed
  int64_t passed = 0;                       // likewise, that this round does not look at: the next one finds them
  int64_t failed_added = 0;                 // of the failed ones: new groups
  int64_t trainable = 0;                    // of the added and changed ones: those that are not skipped
  int64_t validation_rows = 0;              // of the added and changed ones
  pg::TableName packed;                     // the added and changed ones; there when there are any
  std::optional<pg::TableName> validation;  // their rows that validate, where the table has such rows
  pg::TableName groups;                     // their table of groups
  std::string source_state;                 // that the table has when they are merged
  pg::TableName gone;                       // a table of group_id: the vanished ones; always there
};

/// source_table: nothing: the one that the table was packed from. Errors: kFeatureNotSupported for a table whose
/// constants cannot be used again (of each group, or of an encoding by the target); those of
/// validation_preprocessor_dl; no ownership; kLimitExceeded for more groups than max_groups; kDatatypeMismatch for grouping
/// columns of another type; kWrongObjectType for a source that another role has named and that could run its code. drop_vanished: as
/// MergeChangedGroups is going to be told. most_groups: no more are packed; the others are found again the next time.
/// told: as GroupRequest has it; nullptr: none. round: nullptr, or of a refresh in parts: what is left of it is left there.
ChangedGroups PackChangedGroups(const data::GroupedTable& table, const std::optional<std::string>& source_table,
                                bool drop_vanished, const std::optional<int64_t>& most_groups,
                                std::set<std::string>* told, RefreshRound* round);

/// The table of the rows that the packing of the table held out to validate; nothing where it held out none, whatever table
/// has the name. Errors: kDataCorrupted where the summary does not say how the table was packed.
std::optional<pg::TableName> HeldOutOf(const data::GroupedTable& table);

/// Claims the packed table for this transaction. Errors: kPrerequisiteState when another one has it; no ownership.
void ClaimForRefresh(const pg::TableName& packed);

/// Puts the changed groups into the packed table and into that of the rows that validate, and drops the tables that
/// have them. drop_vanished: groups that have no rows any more go; else they stay as they are.
void MergeChangedGroups(const data::GroupedTable& table, const ChangedGroups& changed, bool drop_vanished);

/// Packs <packed>_pooled and <packed>_pooled_val again, of the source as it is now. Errors: as PackChangedGroups';
/// kUndefinedTable when the first is not there.
void PackPooledAgain(const data::GroupedTable& table, const std::optional<std::string>& source_table);

}  // namespace pack
