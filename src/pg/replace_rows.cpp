#include "pg/replace_rows.hpp"

#include <string>
#include <vector>

#include "pg/sql.hpp"

namespace pg {

void ReplaceAllRows(const TableName& into, const TableName& from) {
  const std::vector<Column> there = TableColumns(into, "table");
  std::string columns, values;
  for (const Column& column : TableColumns(from, "table")) {
    if (FindColumn(there, column.name) == nullptr) continue;
    const std::string name = QuoteIdent(column.name);
    columns += (columns.empty() ? "" : ", ") + name;
    values += (values.empty() ? "t." : ", t.") + name;
  }
  Execute("DELETE FROM " + into.Sql());
  Execute("INSERT INTO " + into.Sql() + " (" + columns + ") SELECT " + values + " FROM " + from.Sql() + " AS t");
}

}  // namespace pg
