#include "pack/source_state.hpp"

#include <algorithm>
#include <cstdint>
#include <set>
#include <utility>

#include "base/error.hpp"
#include "base/literal.hpp"
#include "base/plain_number.hpp"
#include "pg/cluster.hpp"
#include "pg/row_age.hpp"
#include "pg/sql.hpp"

namespace pack {
namespace {

constexpr size_t kMostTables = 1000;           // partitions that a state names
constexpr int64_t kMostTransactions = 1LL << 31;  // from the horizon: behind them contents are compared, and the horizon is new

/// A source's table, or one of its partitions: "<oid> <file> <columns>".
struct TableState {
  std::string oid, text;
};

struct SourceState {
  std::string server;  // data directory and database
  int64_t horizon = 0;
  std::vector<TableState> tables;
};

/// Whether the bytes of a row alone decide what is read of its columns.
bool ColumnsArePlain(const Source& source, const std::vector<std::string>& columns) {
  const pg::Result others = pg::Execute(
      "WITH RECURSIVE u(type) AS (SELECT a.atttypid FROM pg_catalog.pg_attribute AS a WHERE a.attrelid"
      " OPERATOR(pg_catalog.=) $1::pg_catalog.regclass AND a.attname OPERATOR(pg_catalog.=) ANY ($2::pg_catalog.name[])"
      " UNION SELECT CASE WHEN y.typtype OPERATOR(pg_catalog.=) 'd' THEN y.typbasetype ELSE y.typelem END FROM u JOIN"
      " pg_catalog.pg_type AS y ON y.oid OPERATOR(pg_catalog.=) u.type WHERE y.typtype OPERATOR(pg_catalog.=) 'd' OR"
      " y.typcategory OPERATOR(pg_catalog.=) 'A')"
      // types from 16384 on are not the server's own
      " SELECT (SELECT pg_catalog.count(*) FROM u JOIN pg_catalog.pg_type AS y ON y.oid OPERATOR(pg_catalog.=) u.type"
      " WHERE y.typname OPERATOR(pg_catalog.~~) 'reg%' OR (y.oid OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid"
      " AND y.typtype OPERATOR(pg_catalog.<>) 'd' AND y.typcategory OPERATOR(pg_catalog.<>) 'A'))"
      " OPERATOR(pg_catalog.+) (SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute AS a WHERE a.attrelid"
      " OPERATOR(pg_catalog.=) $1::pg_catalog.regclass AND a.attname OPERATOR(pg_catalog.=) ANY ($2::pg_catalog.name[]) AND a.attgenerated OPERATOR(pg_catalog.=) 'v')",
      {source.name.Sql(), columns});
  return others.Int() == 0;
}

/// Empty where one of them is no table of the server's own storage.
std::vector<TableState> ReadTables(const Source& source, const std::vector<std::string>& columns) {
  const pg::Result rows = pg::Execute(
      "WITH RECURSIVE m(oid) AS (SELECT $1::pg_catalog.regclass::pg_catalog.oid UNION SELECT i.inhrelid FROM m JOIN"
      " pg_catalog.pg_inherits AS i ON i.inhparent OPERATOR(pg_catalog.=) m.oid)"
      " SELECT c.oid, c.relkind, pg_catalog.pg_relation_filenode(c.oid::pg_catalog.regclass), c.relam"
      " OPERATOR(pg_catalog.=) 2::pg_catalog.oid,"  // the server's own storage
      " pg_catalog.md5((SELECT pg_catalog.string_agg(a.attnum::pg_catalog.text OPERATOR(pg_catalog.||) ' '"
      " OPERATOR(pg_catalog.||) a.atttypid::pg_catalog.text OPERATOR(pg_catalog.||) ' ' OPERATOR(pg_catalog.||)"
      " a.atttypmod::pg_catalog.text, ',' ORDER BY a.attname) FROM pg_catalog.pg_attribute AS a WHERE a.attrelid"
      " OPERATOR(pg_catalog.=) c.oid AND a.attname OPERATOR(pg_catalog.=) ANY ($2::pg_catalog.name[])))"
      " FROM m JOIN pg_catalog.pg_class AS c ON c.oid OPERATOR(pg_catalog.=) m.oid ORDER BY c.oid",
      {source.name.Sql(), columns});
  std::vector<TableState> tables;
  for (const auto& row : rows.rows) {
    const std::string kind = row[1].value_or("");
    if (kind == "p") continue;  // has no rows of its own
    if ((kind != "r" && kind != "m") || row[3] != "t" || !row[2] || !row[4]) return {};
    tables.push_back({row[0].value_or(""), row[0].value_or("") + " " + *row[2] + " " + *row[4]});
  }
  if (tables.size() > kMostTables) tables.clear();
  return tables;
}

SourceState Read(const std::string& text) {
  SourceState state;
  if (text.empty()) return state;
  try {
    const base::Value value = base::ParseLiteral(text);
    const base::Value *server = value.Find("server"), *horizon = value.Find("horizon"), *tables = value.Find("tables");
    if (server == nullptr || horizon == nullptr || tables == nullptr) return state;
    state.server = server->string();
    state.horizon = horizon->integer();
    for (const base::Value& table : tables->list())
      state.tables.push_back({table.string().substr(0, table.string().find(' ')), table.string()});
  } catch (const base::Error&) {  // edited: contents decide
    state.tables.clear();
  }
  return state;
}

}  // namespace

std::string DescribeSourceState(const Source& source, const std::vector<std::string>& columns) {
  if (pg::OnGreenplum() || pg::RowSecurityApplies(source.name)) return "";
  const pg::Result readable = pg::Execute(
      "SELECT pg_catalog.has_table_privilege($1::pg_catalog.regclass, 'SELECT')", {source.name.Sql()});
  if (readable.Text() != "t" || !ColumnsArePlain(source, columns)) return "";
  const int64_t horizon = pg::OldestOpenTransaction();
  base::List tables;
  for (const TableState& table : ReadTables(source, columns)) tables.emplace_back(table.text);
  if (tables.empty()) return "";
  const std::string database = pg::Execute("SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname"
                                           " OPERATOR(pg_catalog.=) pg_catalog.current_database()")
                                   .Text();
  base::Dict out;
  out.emplace_back("server", pg::SystemIdentifier() + " " + database);
  out.emplace_back("horizon", horizon);
  out.emplace_back("tables", std::move(tables));
  return base::FormatJson(base::Value(std::move(out)));
}

std::optional<WrittenSince> FindWrittenSince(const std::string& before, const std::string& now) {
  const SourceState was = Read(before), is = Read(now);
  if (was.server != is.server || was.horizon > is.horizon || is.horizon - was.horizon > kMostTransactions) return std::nullopt;
  std::set<std::string> known;
  for (const TableState& table : was.tables) known.insert(table.text);
  std::string list;
  size_t count = 0;
  for (const TableState& table : is.tables) {
    if (known.count(table.text) == 0) continue;
    list += (count++ == 0 ? "" : ",") + table.oid;
  }
  if (count == 0) return std::nullopt;
  // a partition may come to the source after its tables were listed
  const std::string elsewhere = count == 1 ? "'" + list + "'::pg_catalog.oid" : "ALL ('{" + list + "}'::pg_catalog.oid[])";
  WrittenSince since;
  since.horizon = was.horizon;
  since.sql = "(cerebro._written_since(s.xmin, '" + std::to_string(was.horizon) +
              "'::bigint) OR s.tableoid OPERATOR(pg_catalog.<>) " + elsewhere + ")";
  since.all_known = count == 1 && is.tables.size() == 1;
  return since;
}

}  // namespace pack
