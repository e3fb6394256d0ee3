// Changes of a table's rows, told to all processes: what one keeps of a table is looked up again when somebody has changed it, and costs nothing
// until then. The message is the one by which processes learn of changed definitions, so it travels with the commit, also to standbys.
//
// Includes nothing of the server. Main thread only.
#pragma once

#include <cstdint>
#include <utility>

#include "pg/names.hpp"

namespace pg {

/// Watches a table from now on, instead of the one before.
void WatchTable(const TableName& table);
/// How many changes of it were announced so far, here or elsewhere: a number that is compared with an earlier one. An announcement counts as soon as this
/// process looks for messages, which it does at the latest when its next statement begins.
uint64_t WatchedChanges();
/// To be called after changing rows of the table. Others hear of it when the transaction commits; this process does with its next command.
void AnnounceChange(const TableName& table);

/// The statement and the command of this process: equal values mean that the same rows are seen.
std::pair<int64_t, uint32_t> CurrentCommand();

}  // namespace pg
