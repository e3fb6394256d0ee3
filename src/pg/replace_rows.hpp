// All rows of a table replaced by those of another one. The table stays the same object, with its grants, its views and its
// triggers; who reads it meanwhile is not kept waiting.
//
// Includes nothing of the server. Main thread only.
#pragma once

#include "pg/names.hpp"

namespace pg {

/// Columns are matched by their names; those that one table alone has are left out. REQUIRES one column in common.
void ReplaceAllRows(const TableName& into, const TableName& from);

}  // namespace pg
