#include "segments/state_tables.hpp"

#include "pg/cluster.hpp"
#include "pg/sql.hpp"
#include "data/packed_table.hpp"

namespace segments {
namespace {

std::string Hex(const std::string& bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text = "'\\x";
  for (const char c : bytes) {
    text += kDigits[static_cast<unsigned char>(c) >> 4];
    text += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return text + "'::pg_catalog.bytea";
}

std::string ModelIn(const std::vector<int>& models) {
  std::string list;
  for (const int m : models) list += (list.empty() ? "" : ",") + std::to_string(m);
  return "h.model OPERATOR(pg_catalog.=) ANY ('{" + list + "}'::pg_catalog.int4[])";
}

}  // namespace

StateTables::StateTables(const pg::TableName& beside, const std::vector<std::string>& names) : base_(beside), names_(names) {
  base_.name = "_cerebro_round_" + pg::Execute("SELECT pg_catalog.pg_backend_pid()").Text();
  // Both kinds are out of the WAL. A temporary schema takes no other tables. A warm start may be made by a role that writes the result tables
  // and creates nothing beside them.
  if (!pg::MayCreate(base_)) base_.schema = "pg_temp";
  const std::string kind = base_.schema.rfind("pg_temp", 0) == 0 ? "TEMPORARY" : "UNLOGGED";
  for (const std::string& name : names_) {
    // no primary key: a round writes each row once
    pg::Execute("CREATE " + kind + " TABLE " + Sql(name) +
                " (__dist_key__ integer, model integer, piece integer, keep integer, data bytea, record bytea)" +
                pg::DistributedBy("__dist_key__"));
    pg::Execute("ALTER TABLE " + Sql(name) + " ALTER COLUMN data SET STORAGE EXTERNAL");
  }
}

std::string StateTables::Sql(const std::string& name) const { return base_.WithSuffix("_" + name).Sql(); }

void StateTables::Empty(const std::string& name) const { pg::Execute("TRUNCATE " + Sql(name)); }

void StateTables::Drop() const {
  for (const std::string& name : names_) pg::Execute("DROP TABLE " + Sql(name));
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

// State columns in the shape of the packed table's rows.
std::string StateColumns(size_t data_columns) {
  std::string columns = "h.__dist_key__ AS key, 0 AS kind, h.model AS a, h.piece AS b, h.data AS d1";
  for (size_t i = 2; i <= data_columns; i++) columns += ", NULL::pg_catalog.bytea AS d" + std::to_string(i);
  return columns;
}

size_t DataColumnCount(const data::PackedTable& packed) {
  return packed.spec.inputs.size() + packed.spec.targets.size() + (packed.spec.has_weights ? 1 : 0);
}

}  // namespace

// The aggregate's rows: states first, then buffers, each in its order. All tables are distributed by the fusion group's key, so no row moves before
// the aggregate; the rows of the packed table carry pointers to their stored columns. The set is unnested right above the aggregate, in the
// process that ran it.
std::string StateTables::PassSql(const std::string& states, const data::PackedTable& packed, const std::string& request) const {
  std::string arguments;
  for (size_t i = 1; i <= DataColumnCount(packed); i++) arguments += ", u.d" + std::to_string(i);
  return "SELECT cerebro._round_rows(cerebro._fit_bundle(" + Hex(request) + ", u.kind, u.a, u.b" + arguments +
         " ORDER BY u.kind, u.a, u.b)) AS w FROM (" + states + " UNION ALL SELECT __dist_key__, 1, partition_id, buffer_id, " +
         packed.DataColumns() + " FROM " + packed.name.Sql() + ") u GROUP BY u.key";
}

std::string StateTables::RoundSql(const StateLocations& from, const std::string& to, const data::PackedTable& packed, const std::string& request) const {
  return "INSERT INTO " + Sql(to) + " SELECT (v.w).next_key, (v.w).model, (v.w).piece, (v.w).keep, (v.w).data, (v.w).record FROM (" +
         PassSql(StatesSql(from, StateColumns(DataColumnCount(packed))), packed, request) + ") v";
}

std::string StateTables::ScoreSql(const std::string& from, const data::PackedTable& packed, const std::string& request) const {
  return "SELECT (v.w).record FROM (" +
         PassSql("SELECT " + StateColumns(DataColumnCount(packed)) + " FROM " + Sql(from) + " h", packed, request) + ") v";
}

std::string StateTables::SpreadSql(const StateLocations& from, const std::string& to, const std::vector<int32_t>& keys) const {
  std::string rows;
  for (const int32_t key : keys) rows += (rows.empty() ? "(" : ", (") + std::to_string(key) + ")";
  return "INSERT INTO " + Sql(to) + " SELECT k.key, s.model, s.piece, s.keep, s.data, NULL FROM " +
         StatesSql(from, "h.model, h.piece, h.keep, pg_catalog.substr(h.data, 1, h.keep) AS data", "h.keep OPERATOR(pg_catalog.>) 0") +
         " s CROSS JOIN (VALUES " + rows + ") k(key)";
}

}  // namespace segments
