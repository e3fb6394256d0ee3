#include "pg/key_type.hpp"

#include "base/error.hpp"
#include "pg/guard.hpp"
#include "pg/sql.hpp"

extern "C" {
#include "access/htup_details.h"
#include "catalog/pg_operator.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/typcache.h"
}

namespace pg {

KeyType KeyTypeOf(const TableName& table, const std::string& column) {
  const Result found = Execute(
      "SELECT a.atttypid::pg_catalog.int8, a.attcollation OPERATOR(pg_catalog.<>) 0::pg_catalog.oid"
      " FROM pg_catalog.pg_attribute AS a WHERE a.attrelid OPERATOR(pg_catalog.=) $1::pg_catalog.regclass"
      " AND a.attname OPERATOR(pg_catalog.=) $2::pg_catalog.name AND NOT a.attisdropped",
      {table.Sql(), column});
  if (found.empty()) {
    throw base::Error(base::ErrorCode::kUndefinedColumn,
                      "column \"" + column + "\" does not exist in table " + table.Text());
  }
  const auto type = static_cast<Oid>(found.Int());
  KeyType key;
  key.collatable = found.at(0, 1).value_or("f") == "t";
  struct Found {
    char* schema;
    char* name;
  };
  const Found equal = call([&]() -> Found {
    const TypeCacheEntry* entry = lookup_type_cache(getBaseType(type), TYPECACHE_LT_OPR | TYPECACHE_EQ_OPR);
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

}  // namespace pg
