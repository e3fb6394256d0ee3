#include "store/runs.hpp"

#include <optional>
#include <string>

#include "base/error.hpp"
#include "pg/sql.hpp"
#include "store/group_tables.hpp"
#include "store/own_tables.hpp"
#include "store/result_columns.hpp"

namespace store {
namespace {

using base::Error;
using base::ErrorCode;

constexpr const char* kListHint = "SELECT * FROM cerebro.runs lists the runs whose tables you may read.";
// The tables that every run has, first those that its reports need.
std::vector<ResultTable> TablesOf(const pg::TableName& run) {
  if (IsGroupRun(run)) {
    return {ResultTable::kGroupModels, ResultTable::kGroupInfo,      ResultTable::kSummary,
            ResultTable::kConfigurations, ResultTable::kGroups};
  }
  return {ResultTable::kModels, ResultTable::kInfo, ResultTable::kSummary, ResultTable::kState,
          ResultTable::kVisits, ResultTable::kRun,  ResultTable::kTrials,  ResultTable::kControl};
}
constexpr size_t kReportTables = 3;  // of an ordinary run; a listing reads all of a run over groups

// The schema in which the table lies.
std::string SchemaOf(const pg::TableName& table) {
  return pg::Read(
             "SELECT n.nspname::pg_catalog.text FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
             " ON n.oid OPERATOR(pg_catalog.=) c.relnamespace"
             " WHERE c.oid OPERATOR(pg_catalog.=) $1::pg_catalog.regclass::pg_catalog.oid",
             {table.Sql()})
      .Text();
}

// The run's name with its schema.
pg::TableName OpenRun(std::string_view name) {
  const pg::TableName given = pg::ParseTableName(name, "name");
  const ResultTables tables(given);
  for (const ResultTable which : {ResultTable::kModels, ResultTable::kInfo, ResultTable::kSummary}) {
    if (pg::TableExists(tables[which])) continue;
    throw Error(ErrorCode::kUndefinedTable, "there is no run " + given.Text() + ": table " + tables[which].Text() + " does not exist", "",
                kListHint);
  }
  pg::TableName run = given;
  run.schema = SchemaOf(given);
  return run;
}

// The run's tables that exist: all are its own, and the caller's.
std::vector<ResultTable> OwnTables(const ResultTables& tables) {
  std::vector<ResultTable> there;
  for (const ResultTable which : TablesOf(tables.models)) {
    if (!pg::TableExists(tables[which])) continue;
    const std::vector<pg::Column> columns = pg::TableColumns(tables[which], "name");
    for (const ResultColumn& column : ColumnsOf(which)) {
      if (column.later || pg::FindColumn(columns, column.name) != nullptr) continue;
      throw Error(ErrorCode::kWrongObjectType,
                  "table " + tables[which].Text() + " is no result table of a run: it has no column \"" + column.name + "\"", "", kListHint);
    }
    pg::RequireOwner(tables[which]);
    there.push_back(which);
  }
  return there;
}

}  // namespace

std::vector<pg::TableName> FindRuns() {
  // names first: a catalog has many tables, and few end so
  const pg::Result found = pg::Read(
      "SELECT n.nspname::pg_catalog.text, pg_catalog.left(s.relname::pg_catalog.text, -8) FROM pg_catalog.pg_class s"
      " JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) s.relnamespace"
      " JOIN pg_catalog.pg_class i ON i.relnamespace OPERATOR(pg_catalog.=) s.relnamespace AND i.relname::pg_catalog.text"
      " OPERATOR(pg_catalog.=) pg_catalog.concat(pg_catalog.left(s.relname::pg_catalog.text, -8), '_info')"
      " JOIN pg_catalog.pg_class m ON m.relnamespace OPERATOR(pg_catalog.=) s.relnamespace AND m.relname::pg_catalog.text"
      " OPERATOR(pg_catalog.=) pg_catalog.left(s.relname::pg_catalog.text, -8)"
      " WHERE pg_catalog.right(s.relname::pg_catalog.text, 8) OPERATOR(pg_catalog.=) '_summary'::pg_catalog.text"
      " AND s.relkind OPERATOR(pg_catalog.=) 'r'::pg_catalog.\"char\" AND i.relkind OPERATOR(pg_catalog.=) 'r'::pg_catalog.\"char\""
      " AND m.relkind OPERATOR(pg_catalog.=) 'r'::pg_catalog.\"char\" AND NOT pg_catalog.pg_is_other_temp_schema(n.oid)"
      " AND pg_catalog.has_schema_privilege(n.oid, 'USAGE'::pg_catalog.text)"
      " AND pg_catalog.has_table_privilege(s.oid, 'SELECT'::pg_catalog.text)"
      " AND pg_catalog.has_table_privilege(i.oid, 'SELECT'::pg_catalog.text)"
      " ORDER BY 1, 2");
  std::vector<pg::TableName> runs;
  for (const auto& row : found.rows) {
    const pg::TableName name{*row[0], *row[1]};
    const ResultTables tables(name);
    bool ours = true;
    const std::vector<ResultTable> all = TablesOf(name);
    const size_t read = IsGroupRun(name) ? all.size() : kReportTables;
    for (size_t i = 0; ours && i < read; i++) {
      const ResultTable which = all[i];
      // dropped since, or another kind of table of such a name
      ours = pg::TableExists(tables[which]) && !pg::RowSecurityApplies(tables[which]);
      if (!ours) break;
      const std::vector<pg::Column> columns = pg::TableColumns(tables[which], "name");
      for (const ResultColumn& column : ColumnsOf(which)) ours = ours && (column.later || pg::FindColumn(columns, column.name) != nullptr);
      ours = ours && WhyNotOfRun(tables, which, pg::TableUse::kRead).empty();
    }
    if (ours) runs.push_back(name);
  }
  return runs;
}

// A run in progress would lose its work by a deadlock: it ends by writing what others wait to drop or rename.
void Claim(std::string_view name, const char* argument) {
  for (const pg::TableName& table : ResultTables(pg::ParseTableName(name, argument)).All()) pg::ClaimOutput(table, argument);
}

// The run over all rows that belongs to a run over groups, where it is there.
std::optional<pg::TableName> GlobalRunOf(const pg::TableName& run) {
  const pg::TableName global = run.WithSuffix(kGlobalSuffix);
  if (!IsGroupRun(run) || !pg::TableExists(global)) return std::nullopt;
  return global;
}

void DropRun(std::string_view name) {
  Claim(name, "name");
  const pg::TableName run = OpenRun(name);
  const ResultTables tables(run);
  const std::vector<ResultTable> own = OwnTables(tables);
  if (const std::optional<pg::TableName> global = GlobalRunOf(run)) DropRun(global->Sql());
  std::string list;
  for (const ResultTable which : own) list += (list.empty() ? "" : ", ") + tables[which].Sql();
  pg::Execute("DROP TABLE " + list);
}

void RenameRun(std::string_view name, std::string_view new_name) {
  Claim(name, "name");
  Claim(new_name, "new_name");
  const pg::TableName run = OpenRun(name);
  pg::TableName renamed = pg::ParseTableName(new_name, "new_name");
  if (!renamed.bare && renamed.schema != run.schema) {
    throw Error(ErrorCode::kInvalidParameter, "run " + run.Text() + " cannot be renamed into schema " + pg::QuoteIdent(renamed.schema), "",
                "Give the new name without a schema; ALTER TABLE ... SET SCHEMA moves tables.");
  }
  renamed.schema = run.schema;
  if (renamed.name == run.name) throw Error(ErrorCode::kInvalidParameter, "run " + run.Text() + " has this name already");
  const ResultTables from(run), to(renamed);
  const std::vector<ResultTable> there = OwnTables(from);
  for (const ResultTable which : there) pg::RequireAbsent(to[which], "new_name");
  for (const pg::TableName& table : to.All()) pg::RequireAbsent(table, "new_name");
  if (const std::optional<pg::TableName> global = GlobalRunOf(run)) RenameRun(global->Sql(), pg::QuoteIdent(renamed.name + kGlobalSuffix));
  for (const ResultTable which : there) pg::Execute("ALTER TABLE " + from[which].Sql() + " RENAME TO " + pg::QuoteIdent(to[which].name));
  pg::Execute("UPDATE " + to.summary.Sql() + " SET model = $1, model_info = $2", {to.models.Sql(), to.info.Sql()});
}

}  // namespace store
