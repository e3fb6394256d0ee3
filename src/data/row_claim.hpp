// Who reads the rows of a packed table for longer than a statement, and who changes them (cerebro.append_rows, cerebro.refresh), keep out of each other's way: a run
// that finds more buffers than it planned with can only end. Claims last until the end of the transaction; nobody waits.
#pragma once

#include "data/packed_table.hpp"

namespace data {

/// For a run, before it opens the table: an append may hold its summary locked. Errors: kPrerequisiteState while rows are being changed.
void ClaimRowsOf(const pg::TableName& table);
/// The same of a table that is open. Errors: kPrerequisiteState while rows are being changed, and where the table is no longer what was opened.
void ClaimRows(const PackedTable& table);
/// For who appends or refreshes. Errors: kPrerequisiteState while a run reads the table.
void ClaimForChange(const pg::TableName& table);

}  // namespace data
