// The columns of the result tables, each written down once: statements that make, fill, check and read the tables are
// put together from here.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pg/names.hpp"
#include "pg/sql.hpp"

namespace store {

/// The last four are those of a run over groups: its models and info have the names of an ordinary run's.
enum class ResultTable {
  kModels, kInfo, kSummary, kState, kVisits, kRun, kTrials, kControl,
  kGroupModels, kGroupInfo, kConfigurations, kGroups
};

/// The five tables of a run: <out>, <out>_info, <out>_summary, <out>_state, <out>_visits; of a durable run also <out>_run and
/// <out>_control; of one whose models changed while it went on <out>_trials. A run over groups has <out>_configs and
/// <out>_groups instead of <out>_state and <out>_visits (store/group_tables.hpp).
struct ResultTables {
  pg::TableName models, info, summary, state, visits, run, trials, control, configurations, groups;
  explicit ResultTables(const pg::TableName& name);
  const pg::TableName& operator[](ResultTable table) const;
  std::vector<pg::TableName> All() const { return {models, info, summary, state, visits, run, trials, control}; }
  /// Those of a run over groups.
  std::vector<pg::TableName> OfGroups() const { return {models, info, summary, configurations, groups}; }
};

struct ResultColumn {
  const char* name;
  const char* type;             // as SQL casts to it, schema-qualified
  const char* constraint = "";
  bool later = false;           // tables of earlier versions may lack it: it is read as NULL, and a warm start adds it
};

/// The columns of a table, in their order.
struct ResultColumnRange {
  const ResultColumn* first;
  size_t count;
  const ResultColumn* begin() const { return first; }
  const ResultColumn* end() const { return first + count; }
};
ResultColumnRange ColumnsOf(ResultTable table);
/// Errors: kInternal when the table has none of this name.
const ResultColumn& ColumnNamed(ResultTable table, std::string_view name);

/// Makes a table. more: columns that the table has besides its own (the summary's class values), with their types as
/// the server writes them.
void CreateResultTable(const ResultTables& tables, ResultTable which, const std::vector<pg::Column>& more = {});

/// Columns that a table should have and does not have.
std::vector<pg::Column> MissingColumns(const ResultTables& tables, ResultTable which, const std::vector<pg::Column>& more = {});
/// Adds them. The caller must own the table.
void AddColumns(const pg::TableName& table, const std::vector<pg::Column>& columns);

}  // namespace store
