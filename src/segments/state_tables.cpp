#include "segments/state_tables.hpp"

#include <algorithm>

#include "pg/report.hpp"
#include "pg/cluster.hpp"
#include "pg/sql.hpp"
#include "data/packed_table.hpp"

namespace segments {
namespace {

constexpr const char* kHeader = "run";
constexpr size_t kRowsAStatement = 4000;

std::string KeyRows(const std::vector<int32_t>& keys) {
  std::string rows;
  for (const int32_t key : keys) rows += (rows.empty() ? "(" : ", (") + std::to_string(key) + ")";
  return rows;
}

std::string OneOf(const std::string& column, const std::vector<int32_t>& numbers) {
  std::string list;
  for (const int32_t n : numbers) list += (list.empty() ? "" : ",") + std::to_string(n);
  return column + " OPERATOR(pg_catalog.=) ANY ('{" + list + "}'::pg_catalog.int4[])";
}

std::string ModelIn(const std::vector<int>& models) { return OneOf("h.model", models); }

}  // namespace

StateTables::StateTables(const pg::TableName& beside) : base_(beside) {
  base_.name = "_cerebro_round_" + pg::Execute("SELECT pg_catalog.pg_backend_pid()").Text();
  // Both kinds are out of the WAL. A temporary schema takes no other tables. A warm start may be made by a role that
  // writes the result tables and creates nothing beside them.
  if (!pg::MayCreate(base_)) base_.schema = "pg_temp";
}

bool StateTables::Need(const std::string& name) {
  if (std::find(names_.begin(), names_.end(), name) != names_.end()) return false;
  const std::string kind = base_.schema.rfind("pg_temp", 0) == 0 ? "TEMPORARY" : "UNLOGGED";
  // no primary key: a round writes each row once
  pg::Execute("CREATE " + kind + " TABLE " + Sql(name) + " (LIKE cerebro._round_columns INCLUDING STORAGE)" + pg::DistributedByKey("__dist_key__"));
  names_.push_back(name);
  return true;
}

void StateTables::PutHeader(const RunHeader& header, const std::vector<int32_t>& keys, int first) {
  Need(kHeader);
  const std::string bytes = WriteRunHeader(header);
  pg::Execute("INSERT INTO " + Sql(kHeader) + " SELECT k.key, " + std::to_string(first) + ", 0, 0, $1, NULL FROM (VALUES " + KeyRows(keys) + ") k(key)",
              {pg::Bytea{bytes}});
}

// keep: an entry is a part of what scoring needs.
void StateTables::PutEntries(const std::string& name, const std::vector<Entry>& entries) const {
  for (size_t from = 0; from < entries.size(); from += kRowsAStatement) {
    pg::CheckInterrupts();
    std::vector<int64_t> keys, models, kinds;
    for (size_t i = from; i < std::min(entries.size(), from + kRowsAStatement); i++) {
      keys.push_back(entries[i].key);
      models.push_back(entries[i].model);
      kinds.push_back(static_cast<int64_t>(entries[i].kind));
    }
    pg::Execute(
        "INSERT INTO " + Sql(name) + " SELECT e.key, e.model, " + std::to_string(kEntryPiece) +
            ", 1, pg_catalog.set_byte($1, 0, e.kind::pg_catalog.int4), NULL FROM ROWS FROM (pg_catalog.unnest($2), pg_catalog.unnest($3), "
            "pg_catalog.unnest($4)) e(key, model, kind)",
        {pg::Bytea{WriteEntry(EntryKind::kFresh)}, keys, models, kinds});
  }
}

// All bytes are one parameter, of which each row takes its part.
void StateTables::PutBytes(const std::string& name, const std::vector<ModelBytes>& rows) const {
  if (rows.empty()) return;
  std::vector<int64_t> keys, models, begins, sizes;
  std::string all;
  for (const ModelBytes& row : rows) {
    keys.push_back(row.key);
    models.push_back(row.model);
    begins.push_back(static_cast<int64_t>(all.size()) + 1);
    sizes.push_back(static_cast<int64_t>(row.bytes.size()));
    all += row.bytes;
  }
  pg::Execute("INSERT INTO " + Sql(name) +
                  " SELECT e.key, e.model, 0, 0, pg_catalog.substr($1, e.begin::pg_catalog.int4, e.size::pg_catalog.int4), "
                  "NULL FROM ROWS FROM (pg_catalog.unnest($2), pg_catalog.unnest($3), pg_catalog.unnest($4), pg_catalog.unnest($5)) "
                  "e(key, model, begin, size)",
              {pg::Bytea{all}, keys, models, begins, sizes});
}

std::string StateTables::Sql(const std::string& name) const { return base_.WithSuffix("_" + name).Sql(); }

void StateTables::Empty(const std::string& name) const { pg::Execute("TRUNCATE " + Sql(name)); }

void StateTables::Remove(const std::string& name, const std::vector<int>& models) const {
  pg::Execute("DELETE FROM " + Sql(name) + " h WHERE " + ModelIn(models));
}

void StateTables::Drop() const {
  std::string list;
  for (const std::string& name : names_) list += (list.empty() ? "" : ", ") + Sql(name);
  pg::Execute("DROP TABLE " + list);
}

std::string StateTables::StatesSql(const StateLocations& locations, const std::string& columns, const std::string& where) const {
  std::string sql;
  for (const auto& [name, models] : locations) {
    if (models.empty()) continue;
    sql += (sql.empty() ? "(SELECT " : " UNION ALL SELECT ") + columns + " FROM " + Sql(name) + " h WHERE " + ModelIn(models) +
           (where.empty() ? "" : " AND " + where);
  }
  return sql + ")";
}

namespace {

// Columns of a state table in the shape of the packed table's rows. kind: of the aggregate's row.
std::string StateColumns(RowKind kind, size_t data_columns) {
  std::string columns =
      "h.__dist_key__ AS key, " + std::to_string(static_cast<int>(kind)) + " AS kind, h.model AS a, h.piece AS b, h.data AS d1";
  for (size_t i = 2; i <= data_columns; i++) columns += ", NULL::pg_catalog.bytea AS d" + std::to_string(i);
  return columns;
}

size_t DataColumnCount(const data::PackedTable& packed) {
  return packed.spec.inputs.size() + packed.spec.targets.size() + (packed.spec.has_weights ? 1 : 0);
}

}  // namespace

// The aggregate's rows: the header first, then states, then buffers, each in its order. All tables are distributed by
// the key of the GROUP BY, so no row moves before the aggregate; the rows of the packed table carry pointers to their
// stored columns. The set is unnested right above the aggregate, in the process that ran it.
std::string StateTables::PassSql(const std::string& states, const data::PackedTable& packed) const {
  std::string arguments;
  for (size_t i = 1; i <= DataColumnCount(packed); i++) arguments += ", u.d" + std::to_string(i);
  return "SELECT u.key, cerebro._round_rows(cerebro._fit_bundle($1, u.kind, u.a, u.b" + arguments +
         " ORDER BY u.kind, u.a, u.b)) AS w FROM (SELECT " + StateColumns(RowKind::kHeader, DataColumnCount(packed)) + " FROM " +
         Sql(kHeader) + " h UNION ALL " + states + " UNION ALL SELECT __dist_key__, " + std::to_string(static_cast<int>(RowKind::kBuffer)) +
         ", partition_id, buffer_id, " + packed.DataColumns() + " FROM " + packed.FromClause() + ") u GROUP BY u.key";
}

// Where states stay, the key of the GROUP BY says so to the planner: it needs no motion, and the process that trains writes the rows.
std::string StateTables::RoundSql(const StateLocations& from, const std::string& to, bool moves, const data::PackedTable& packed) const {
  return "INSERT INTO " + Sql(to) + " SELECT " + (moves ? "(v.w).next_key" : "v.key") + ", (v.w).model, (v.w).piece, (v.w).keep, (v.w).data, (v.w).record FROM (" +
         PassSql(StatesSql(from, StateColumns(RowKind::kState, DataColumnCount(packed))), packed) + ") v";
}

// The states' own rows are whole: the process that scores takes the leading part of their data.
std::string StateTables::ScoreSql(const StateLocations& own, const std::vector<int32_t>& keys, const std::string& from,
                                  const data::PackedTable& packed) const {
  const std::string columns = StateColumns(RowKind::kState, DataColumnCount(packed));
  return "SELECT (v.w).record FROM (" +
         PassSql("SELECT " + columns + " FROM " + Sql(from) + " h UNION ALL " +
                     StatesSql(own, columns, "h.keep OPERATOR(pg_catalog.>) 0 AND " + OneOf("h.__dist_key__", keys)),
                 packed) +
         ") v";
}

std::string StateTables::SpreadSql(const StateLocations& from, const std::string& to, const std::vector<int32_t>& keys) const {
  return "INSERT INTO " + Sql(to) + " SELECT k.key, s.model, s.piece, s.keep, s.data, NULL FROM " +
         StatesSql(from, "h.__dist_key__, h.model, h.piece, h.keep, pg_catalog.substr(h.data, 1, h.keep) AS data", "h.keep OPERATOR(pg_catalog.>) 0") +
         " s JOIN (VALUES " + KeyRows(keys) + ") k(key) ON k.key OPERATOR(pg_catalog.<>) s.__dist_key__";
}

}  // namespace segments
