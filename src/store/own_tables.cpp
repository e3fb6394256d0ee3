#include "store/own_tables.hpp"

#include <optional>

#include "base/error.hpp"
#include "pg/role.hpp"

namespace store {

std::string WhyNotOfRun(const ResultTables& tables, ResultTable which, pg::TableUse use) {
  const std::optional<pg::TableFacts> facts = pg::FactsOf(tables[which], use);
  if (!facts) return "";
  pg::ColumnTypes columns;
  for (const ResultColumn& column : ColumnsOf(which)) columns.emplace_back(column.name, column.type);
  const std::string reason = pg::WhyNotSafe(tables[which], use, columns);
  if (!reason.empty() || facts->owner == pg::CurrentRoleId()) return reason;
  const std::optional<pg::TableFacts> models = pg::GlanceAt(tables.models);
  if (models && models->owner == facts->owner) return "";
  return "belongs to another role than table " + tables.models.Text();
}

void RequireOfRun(const ResultTables& tables, ResultTable which, pg::TableUse use) {
  const std::string reason = WhyNotOfRun(tables, which, use);
  if (reason.empty()) return;
  throw base::Error(base::ErrorCode::kWrongObjectType, "table " + tables[which].Text() + " is not used as a table of run " + tables.models.Text(),
                    "It " + reason + ".", "Drop it or have it dropped, or give another name.");
}

}  // namespace store
