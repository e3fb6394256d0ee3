// The catalogs are read as they are now, by the server's caches: no statement runs, so that nothing of the owner's can.
#include "pg/foreign_code.hpp"

#include <cstring>

#include "pg/guard.hpp"

extern "C" {
#include "catalog/pg_index.h"
#include "nodes/makefuncs.h"
#include "nodes/primnodes.h"
#include "parser/parse_type.h"
#include "utils/relcache.h"
#include "utils/syscache.h"
#if __has_include("catalog/pg_inherits_fn.h")  // before 11
#include "catalog/pg_inherits_fn.h"
#else
#include "catalog/pg_inherits.h"
#endif
#if __has_include("catalog/pg_statistic_ext.h")
#include "catalog/pg_statistic_ext.h"
#endif
}

namespace pg {
namespace {

constexpr Oid kClockTimestamp = 2649, kSessionUser = 746, kTextOfName = 406;  // pg_proc.oid: the defaults of result tables

Oid IdOf(const TableName& table, LOCKMODE lock) {
  return call([&] {
    return RangeVarGetRelid(makeRangeVar(table.schema.empty() ? nullptr : pstrdup(table.schema.c_str()), pstrdup(table.name.c_str()), -1), lock, true);
  });
}

// The following ones inside call() only.

Oid OwnerOf(Oid relation) {
  HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
  if (!HeapTupleIsValid(tuple)) return InvalidOid;
  const Oid owner = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->relowner;
  ReleaseSysCache(tuple);
  return owner;
}

// Statistics over expressions came with 14.
bool HasExpressionStatistics(Relation relation) {
  bool any = false;
#ifdef Anum_pg_statistic_ext_stxexprs
  ListCell* cell;
  foreach(cell, RelationGetStatExtList(relation)) {
    HeapTuple tuple = SearchSysCache1(STATEXTOID, ObjectIdGetDatum(lfirst_oid(cell)));
    if (!HeapTupleIsValid(tuple)) continue;
    bool none = true;
    SysCacheGetAttr(STATEXTOID, tuple, Anum_pg_statistic_ext_stxexprs, &none);
    any = any || !none;
    ReleaseSysCache(tuple);
  }
#else
  (void)relation;
#endif
  return any;
}

// A word such as SESSION_USER, which is a function before 10: those servers have no catalog of sequences either.
bool IsSessionValue(const Node* node) {
#if __has_include("catalog/pg_sequence.h")
  return IsA(node, SQLValueFunction);
#else
  (void)node;
  return false;
#endif
}

Oid TypeNamed(const char* name) {
  Oid type = InvalidOid;
  int32 modifier = -1;
  parseTypeString(name, &type, &modifier, 0);  // of a flag or a pointer, by the server's version
  return type;
}

bool HasExpressions(Relation relation) {
  bool any = false;
  List* const indexes = RelationGetIndexList(relation);
  ListCell* cell;
  foreach(cell, indexes) {
    HeapTuple tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(lfirst_oid(cell)));
    if (!HeapTupleIsValid(tuple)) continue;
    bool no_expressions = true, no_predicate = true;
    SysCacheGetAttr(INDEXRELID, tuple, Anum_pg_index_indexprs, &no_expressions);
    SysCacheGetAttr(INDEXRELID, tuple, Anum_pg_index_indpred, &no_predicate);
    any = any || !no_expressions || !no_predicate;
    ReleaseSysCache(tuple);
  }
  list_free(indexes);
  return any || HasExpressionStatistics(relation);
}

bool IsServersDefault(const Node* node) {
  if (node == nullptr) return false;
  if (IsSessionValue(node) || IsA(node, Const)) return true;
  if (IsA(node, RelabelType)) return IsServersDefault(reinterpret_cast<const Node*>(reinterpret_cast<const RelabelType*>(node)->arg));
  if (IsA(node, CoerceViaIO)) return IsServersDefault(reinterpret_cast<const Node*>(reinterpret_cast<const CoerceViaIO*>(node)->arg));
  if (!IsA(node, FuncExpr)) return false;
  const auto* function = reinterpret_cast<const FuncExpr*>(node);
  if (function->funcid != kClockTimestamp && function->funcid != kSessionUser && function->funcid != kTextOfName) return false;
  ListCell* cell;
  foreach(cell, function->args) {
    if (!IsServersDefault(static_cast<const Node*>(lfirst(cell)))) return false;
  }
  return true;
}

bool HasTriggers(Relation relation) {
  const TriggerDesc* const triggers = relation->trigdesc;
  for (int i = 0; triggers != nullptr && i < triggers->numtriggers; i++) {
    if (!triggers->triggers[i].tgisinternal) return true;
  }
  return false;
}

const char* CodeOfWrites(Relation relation) {
  if (HasTriggers(relation)) return "has triggers";
  const TupleConstr* const constraints = relation->rd_att->constr;
  if (constraints == nullptr) return nullptr;
  if (constraints->num_check > 0) return "has checks";
  for (int i = 0; i < constraints->num_defval; i++) {
    if (!IsServersDefault(static_cast<const Node*>(stringToNode(constraints->defval[i].adbin)))) return "has defaults that no run's table has";
  }
  return nullptr;
}

const char* OtherType(Relation relation, const std::vector<std::pair<const char*, const char*>>& columns) {
  for (int i = 0; i < relation->rd_att->natts; i++) {
    const Form_pg_attribute column = compat::Attribute(relation->rd_att, i);
    if (column->attisdropped) continue;
    for (const auto& [name, type] : columns) {
      if (std::strcmp(NameStr(column->attname), name) != 0) continue;
      if (column->atttypid != TypeNamed(type)) return name;
    }
  }
  return nullptr;
}

}  // namespace

std::string WhyNotSafe(const TableName& table, TableUse use, const std::vector<std::pair<const char*, const char*>>& columns) {
  Oid relation = IdOf(table, NoLock);
  const bool readable = OidIsValid(relation) && call([&] { return pg_class_aclcheck(relation, GetUserId(), ACL_SELECT) == ACLCHECK_OK; });
  if (readable) relation = IdOf(table, AccessShareLock);
  if (!OidIsValid(relation)) return "is gone";
  const char* column = nullptr;
  const char* const reason = call([&]() -> const char* {
    // without the right to read it no lock is kept
    Relation opened = relation_open(relation, AccessShareLock);
    const char* found = nullptr;
    if (opened->rd_rel->relowner != GetUserId()) {
      column = OtherType(opened, columns);
      if (opened->rd_rel->relkind != RELKIND_RELATION) {
        column = nullptr;
        found = "is no ordinary table";
      } else if (opened->rd_rules != nullptr) {
        found = "has rules";
      } else if (compat::RowSecurityApplies(relation)) {
        found = "has row-level security";
      } else if (has_subclass(relation)) {
        found = "has descendants";
      } else if (HasExpressions(opened)) {
        found = "has an index or statistics over expressions";
      } else if (use == TableUse::kWrite) {
        found = CodeOfWrites(opened);
      }
    }
    relation_close(opened, readable ? NoLock : AccessShareLock);
    return found;
  });
  if (column != nullptr) return std::string("has a column \"") + column + "\" of another type";
  return reason == nullptr ? "" : reason;
}

bool HaveOneOwner(const TableName& a, const TableName& b) {
  const Oid first = IdOf(a, NoLock), second = IdOf(b, NoLock);
  return call([&] { return OwnerOf(first) == OwnerOf(second); });
}

bool IsOwnTable(const TableName& table) {
  const Oid relation = IdOf(table, NoLock);
  return call([&] { return OwnerOf(relation) == GetUserId(); });
}

}  // namespace pg
