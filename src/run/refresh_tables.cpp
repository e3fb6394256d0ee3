#include "run/refresh_tables.hpp"

#include <vector>

#include "base/error.hpp"
#include "data/packed_format.hpp"
#include "pack/packing.hpp"
#include "pg/foreign_code.hpp"
#include "pg/sql.hpp"
#include "store/group_tables.hpp"
#include "store/own_tables.hpp"
#include "store/result_columns.hpp"

namespace run {
namespace {

/// reason: as pg::WhyNotSafe says it; "" is none.
void Require(const pg::TableName& table, const std::string& reason) {
  if (reason.empty()) return;
  throw base::Error(base::ErrorCode::kWrongObjectType,
                    "table " + table.Text() + " of another role is not used by a refresh",
                    "It " + reason + ", which could run code of its owner's with the rights of the current role.",
                    "Refresh the run as the owner of its tables: SET ROLE.");
}

void RequireSafe(const pg::TableName& table, pg::TableUse use, const pg::ColumnTypes& columns = {}) {
  if (pg::TableExists(table)) Require(table, pg::WhyNotSafe(table, use, columns));
}

void RequireWithSummary(const pg::TableName& table) {
  if (!pg::TableExists(table)) return;
  RequireSafe(table, pg::TableUse::kWrite);
  RequireSafe(table.WithSuffix("_summary"), pg::TableUse::kWrite);
}

void RequireResults(const pg::TableName& output, const std::vector<store::ResultTable>& tables) {
  const store::ResultTables results(output);
  for (const store::ResultTable which : tables) Require(results[which], store::WhyNotOfRun(results, which, pg::TableUse::kWrite));
}

}  // namespace

void RequireTablesOfRun(const pg::TableName& output) {
  using store::ResultTable;
  RequireResults(output, {ResultTable::kGroupModels, ResultTable::kGroupInfo, ResultTable::kSummary,
                          ResultTable::kConfigurations, ResultTable::kGroups});
  const pg::TableName global = output.WithSuffix(store::kGlobalSuffix);
  if (pg::TableExists(global)) {
    RequireResults(global, {ResultTable::kModels, ResultTable::kInfo, ResultTable::kSummary, ResultTable::kState,
                            ResultTable::kVisits});
  }
}

void RequirePackedTables(const pg::TableName& packed) { RequireWithSummary(packed); }

void RequirePackedTables(const data::GroupedTable& table, const std::optional<pg::TableName>& held, bool pooled) {
  RequireSafe(table.groups_table, pg::TableUse::kWrite);
  if (held) RequireWithSummary(*held);
  if (!pooled) return;
  const pg::TableName all = table.packed.name.WithSuffix(data::kPooledSuffix);
  RequireWithSummary(all);
  if (held) RequireWithSummary(all.WithSuffix(pack::kValidationSuffix));
}

void RequireSelection(const pg::TableName& output, const std::string& model_selection_table) {
  if (pg::IsOwnTable(output.WithSuffix("_summary"))) return;
  const pg::TableName selection = pg::ParseTableName(model_selection_table, "model_selection_table"),
                      summary = selection.WithSuffix("_summary");
  RequireSafe(selection, pg::TableUse::kRead,
              {{"mst_key", "pg_catalog.int4"},
               {"model_id", "pg_catalog.int4"},
               {"compile_params", "pg_catalog.varchar"},
               {"fit_params", "pg_catalog.varchar"}});
  RequireSafe(summary, pg::TableUse::kRead, {{"model_arch_table", "pg_catalog.varchar"}});
  if (!pg::TableExists(summary)) return;
  const pg::Result row = pg::Read("SELECT s.model_arch_table FROM " + summary.Sql() + " AS s LIMIT 1");
  if (row.empty() || !row.at(0, 0)) return;  // refused later
  RequireSafe(pg::ParseStoredName(*row.at(0, 0), "model_arch_table", summary), pg::TableUse::kRead,
              {{"model_id", "pg_catalog.int4"},
               {"model_arch", "pg_catalog.json"},
               {"model_weights", "pg_catalog.bytea"},
               {"name", "pg_catalog.text"}});
}

}  // namespace run
