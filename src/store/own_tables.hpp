// Whether a table that has the name of a run's table is the run's. A name proves nothing: anybody with the right to create tables in the schema may
// make one, or a view, whose code would run as whoever reads or writes it (pg/foreign_code.hpp).
#pragma once

#include <string>

#include "pg/foreign_code.hpp"
#include "store/result_columns.hpp"

namespace store {

/// Why the table is not one of the run's, as in "is no ordinary table"; "" where it is, or is not there. A run's tables have one owner; those of the
/// current role are its own in any case.
std::string WhyNotOfRun(const ResultTables& tables, ResultTable which, pg::TableUse use);

/// Errors: kWrongObjectType where the table is there, and not the run's.
void RequireOfRun(const ResultTables& tables, ResultTable which, pg::TableUse use);

}  // namespace store
