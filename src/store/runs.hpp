// The results of runs as things to list, rename and drop: a run is its result tables (store/result_columns.hpp).
#pragma once

#include <string_view>
#include <vector>

#include "pg/names.hpp"

namespace store {

/// The runs whose tables the current role may read, by schema and name. They are found by the names and columns of their
/// tables. Those with tables that would run another role's code as they are read are left out: row-level security that binds the role, types of
/// columns that are not the server's, and what else WhyNotOfRun knows (store/own_tables.hpp).
std::vector<pg::TableName> FindRuns();

/// Drops the tables of a run. Errors: kUndefinedTable where there is no such run; kWrongObjectType where a table of such a
/// name is none of a run's; the server's own when the caller does not own the tables, or something depends on them.
void DropRun(std::string_view name);

/// Renames the tables of a run, within their schema; the names in <out>_summary follow. Errors: those of DropRun;
/// kDuplicateTable where a table of a new name exists; kInvalidParameter for a name in another schema.
void RenameRun(std::string_view name, std::string_view new_name);

}  // namespace store
