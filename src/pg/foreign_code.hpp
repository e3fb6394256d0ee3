// Whether a statement on a table runs code of the table's owner: a view's query, a trigger, a check, a function in an index, a type's input. A session
// that reads or writes a table which it did not choose, such as one that only has a run's name, does not do it before it has asked here.
//
// Includes nothing of the server. Main thread only; allowed in parallel mode.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "pg/names.hpp"

namespace pg {

enum class TableUse { kRead, kWrite };

/// Why a table may not be used unasked, as in "is no ordinary table"; "" where it may. It may be where it is an ordinary table whose columns, as far as
/// it has those of `columns` (name, type as SQL casts to it), are of these types of the server's, and where nothing in it runs code. What the current
/// role owns itself may run what it likes. Where the role may read the table, it is locked as by a reader until the transaction ends, so that what is said
/// stays true. REQUIRES a table that exists; kWrite: a statement that gives values to all columns but those with the server's own functions as defaults.
std::string WhyNotSafe(const TableName& table, TableUse use, const std::vector<std::pair<const char*, const char*>>& columns);

/// Whether the tables have one owner. REQUIRES that both exist.
bool HaveOneOwner(const TableName& a, const TableName& b);
/// Whether the current role is the very owner of the table. REQUIRES that it exists.
bool IsOwnTable(const TableName& table);

}  // namespace pg
