#include "data/row_claim.hpp"

#include "base/error.hpp"
#include "pg/snapshot.hpp"
#include "pg/sql.hpp"

namespace data {
namespace {

using base::Error;
using base::ErrorCode;

constexpr const char* kRows = "rows";

}  // namespace

void ClaimRowsOf(const pg::TableName& table) {
  if (table.schema == "pg_temp" || pg::TryClaimTable(table, pg::TableClaim::kUse, kRows)) return;
  throw Error(ErrorCode::kPrerequisiteState, "rows of packed table " + table.Text() + " are being changed by another session", "",
              "Begin again when the transaction of its cerebro.append_rows() or cerebro.refresh() has ended.");
}

void ClaimRows(const PackedTable& table) {
  if (table.temporary || table.all_groups) return;  // nobody else has it
  ClaimRowsOf(table.name);
  // what was committed since the table was opened, by the statement's snapshot, is read by the run's
  const pg::FreshSnapshot newest;
  const pg::Result found = pg::Read("SELECT s.digest FROM " + table.name.WithSuffix("_summary").Sql() + " AS s");
  if (found.rows.size() == 1 && found.at(0, 0) == table.digest) return;
  throw Error(ErrorCode::kPrerequisiteState, "packed table " + table.name.Text() + " is no longer what this run began with",
              "Rows were appended to it, or it was refreshed or packed again.", "Begin the run again.");
}

void ClaimForChange(const pg::TableName& table) {
  if (table.schema == "pg_temp") return;
  if (pg::TryClaimTable(table, pg::TableClaim::kChange, kRows)) return;
  throw Error(ErrorCode::kPrerequisiteState, "packed table " + table.Text() + " is in use by a run of another session", "",
              "Change its rows when the transaction of the run has ended. A durable run can be stopped by cerebro.stop(), and does not go on "
              "with a table that has other rows.");
}

}  // namespace data
