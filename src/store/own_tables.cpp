#include "store/own_tables.hpp"

#include <utility>
#include <vector>

#include "base/error.hpp"

namespace store {

std::string WhyNotOfRun(const ResultTables& tables, ResultTable which, pg::TableUse use) {
  const pg::TableName& table = tables[which];
  if (!pg::TableExists(table)) return "";
  std::vector<std::pair<const char*, const char*>> columns;
  for (const ResultColumn& column : ColumnsOf(which)) columns.emplace_back(column.name, column.type);
  std::string reason = pg::WhyNotSafe(table, use, columns);
  if (!reason.empty() || pg::IsOwnTable(table)) return reason;
  if (pg::TableExists(tables.models) && pg::HaveOneOwner(table, tables.models)) return "";
  return "belongs to another role than table " + tables.models.Text();
}

void RequireOfRun(const ResultTables& tables, ResultTable which, pg::TableUse use) {
  const std::string reason = WhyNotOfRun(tables, which, use);
  if (reason.empty()) return;
  throw base::Error(base::ErrorCode::kWrongObjectType, "table " + tables[which].Text() + " is not used as a table of run " + tables.models.Text(),
                    "It " + reason + ".", "Drop it or have it dropped, or give another name.");
}

}  // namespace store
