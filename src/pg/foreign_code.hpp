// Whether a statement on a table runs code of whoever made it: a view's query, a trigger, a check, a function in an index, a type's input. A session that
// reads or writes a table which it did not choose, such as one that only has a run's name, does not do it before it has asked here. The rules are the same
// for all tables; foreign_code.cpp has them.
//
// Includes nothing of the server. Main thread only; allowed in parallel mode.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "pg/names.hpp"
#include "pg/ownership.hpp"

namespace pg {

/// Columns and their types, as SQL casts to them.
using ColumnTypes = std::vector<std::pair<const char*, const char*>>;

/// What of a table runs code when it is used, as in "has triggers"; "" where nothing does. columns: those of them that the table has must be of these
/// types. It is locked as by FactsOf, so that what is said stays true. kWrite: a statement that gives values to all columns but those with defaults of
/// the server's own.
std::string CodeOf(const TableName& table, TableUse use, const ColumnTypes& columns = {});

/// Why a table may not be used unasked; "" where it may: it has no code, or is the current role's own, who may run what it likes.
std::string WhyNotSafe(const TableName& table, TableUse use, const ColumnTypes& columns = {});

}  // namespace pg
