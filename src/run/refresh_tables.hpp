// The tables that a refresh reads and writes besides the one that its caller names. Whoever refreshes the run of another
// role, a superuser by a job at night for example, runs none of that role's code: no trigger, no view, no check
// (pg/foreign_code.hpp).
#pragma once

#include <optional>
#include <string>

#include "data/groups.hpp"
#include "pg/names.hpp"

namespace run {

/// Of the run: to be asked before one of them is read. Errors here and below: kWrongObjectType.
void RequireTablesOfRun(const pg::TableName& output);
/// The packed table with its summary, before it is opened.
void RequirePackedTables(const pg::TableName& packed);
/// Its other tables. held: the one of the rows that were held out with it to validate, or nothing. pooled: those with
/// the rows of all groups, too.
void RequirePackedTables(const data::GroupedTable& table, const std::optional<pg::TableName>& held, bool pooled);
/// Those of the configurations, which a run of the current role's own has named for itself.
void RequireSelection(const pg::TableName& output, const std::string& model_selection_table);

}  // namespace run
