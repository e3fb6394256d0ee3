#include "pg/key_type.hpp"

#include "base/error.hpp"
#include "pg/guard.hpp"
#include "pg/sql.hpp"

extern "C" {
#include "access/htup_details.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/typcache.h"
}

namespace pg {

namespace {

/// Of an array, domains resolved. Inside call().
Oid ScalarOf(Oid type) {
  const Oid base = getBaseType(type), element = get_element_type(base);
  return OidIsValid(element) ? getBaseType(element) : base;
}

/// A type of the server's as SQL writes it without its modifier: "character" and "bit" alone would mean one of length 1. Inside call().
const char* BareType(Oid type) {
  const bool is_array = OidIsValid(get_element_type(getBaseType(type)));
  const Oid scalar = ScalarOf(type);
  if (scalar == BPCHAROID) return is_array ? "pg_catalog.bpchar[]" : "pg_catalog.bpchar";
  if (scalar == BITOID) return is_array ? "pg_catalog.\"bit\"[]" : "pg_catalog.\"bit\"";
  return format_type_be_qualified(is_array ? get_array_type(scalar) : scalar);
}

KeyType OfType(Oid type) {
  KeyType key;
  key.bare_type = call([&] { return BareType(type); });
  key.holds_enum = call([&] { return type_is_enum(ScalarOf(type)); });
  key.is_composed = call([&] {
    const char kind = get_typtype(ScalarOf(type));
    return kind != TYPTYPE_BASE && kind != TYPTYPE_ENUM;
  });
  struct Found {
    char* schema;
    char* name;
  };
  const Found equal = call([&]() -> Found {
    const Oid base = getBaseType(type);
    const TypeCacheEntry* entry = lookup_type_cache(base, TYPECACHE_LT_OPR | TYPECACHE_EQ_OPR);
    if (!OidIsValid(entry->lt_opr) || !OidIsValid(entry->eq_opr)) return {nullptr, nullptr};
    HeapTuple tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(entry->eq_opr));
    if (!HeapTupleIsValid(tuple)) return {nullptr, nullptr};
    const auto* form = reinterpret_cast<const FormData_pg_operator*>(GETSTRUCT(tuple));
    const Found names = {get_namespace_name(form->oprnamespace), pstrdup(NameStr(form->oprname))};
    ReleaseSysCache(tuple);
    return names;
  });
  if (equal.schema == nullptr) return key;
  key.sortable = true;
  key.equal = "OPERATOR(" + QuoteIdent(equal.schema) + "." + equal.name + ")";
  return key;
}

// Servers before 12 have no column collisdeterministic: JSON has whatever columns there are.
KeyType OfColumn(const TableName& table, const std::string& column, Result (*run)(const std::string&, const Params&)) {
  const Result found = run(
      "SELECT a.atttypid::pg_catalog.int8, a.attcollation OPERATOR(pg_catalog.<>) 0::pg_catalog.oid,"
      " (SELECT ' COLLATE ' OPERATOR(pg_catalog.||) pg_catalog.quote_ident(n.nspname::pg_catalog.text)"
      " OPERATOR(pg_catalog.||) '.' OPERATOR(pg_catalog.||) pg_catalog.quote_ident(c.collname::pg_catalog.text)"
      " FROM pg_catalog.pg_collation AS c JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.collnamespace"
      " WHERE c.oid OPERATOR(pg_catalog.=) a.attcollation AND (pg_catalog.row_to_json(c)"
      " OPERATOR(pg_catalog.->>) 'collisdeterministic') OPERATOR(pg_catalog.=) 'false')"
      " FROM pg_catalog.pg_attribute AS a WHERE a.attrelid OPERATOR(pg_catalog.=) $1::pg_catalog.regclass"
      " AND a.attname OPERATOR(pg_catalog.=) $2::pg_catalog.name AND NOT a.attisdropped",
      {table.Sql(), column});
  if (found.empty()) {
    throw base::Error(base::ErrorCode::kUndefinedColumn,
                      "column \"" + column + "\" does not exist in table " + table.Text());
  }
  KeyType key = OfType(static_cast<Oid>(found.Int()));
  key.collatable = found.at(0, 1).value_or("f") == "t";
  key.collate = found.at(0, 2).value_or("");
  return key;
}

}  // namespace

KeyType KeyTypeOf(const TableName& table, const std::string& column) { return OfColumn(table, column, Execute); }
KeyType ReadKeyType(const TableName& table, const std::string& column) { return OfColumn(table, column, Read); }

KeyType KeyTypeNamed(const std::string& sql_type) {
  return OfType(static_cast<Oid>(
      Read("SELECT pg_catalog.pg_typeof(NULL::" + sql_type + ")::pg_catalog.oid::pg_catalog.int8").Int()));
}

}  // namespace pg
