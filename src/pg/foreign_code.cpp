// The catalogs are read as they are now, by the server's caches: no statement runs, so that nothing of the owner's can.
//
// The rules. Of both uses: an ordinary table, no partition, without descendants, rules and row-level security; no check, and no index or statistics over
// expressions, since the planner computes what is constant in them; columns of the types that are asked for, and, of writes and of reads that name no
// columns, no other column of a type of a role that is neither the current one nor a superuser, who may have made casts of it. Of writes besides: no
// trigger, and none of the server's own for a foreign key, which may end in a deferred trigger of another table; no default but of the server's own
// functions and types; no column of a domain, which has a default and checks of its own. Other indexes are harmless: operator classes are made by
// superusers.
#include "pg/foreign_code.hpp"

#include <cstring>

#include "pg/guard.hpp"

extern "C" {
#include "access/transam.h"
#include "catalog/pg_index.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
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

// All of them inside call() only.

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

// A word such as SESSION_USER, which is a function before 10: those servers have no catalog of sequences either.
bool IsSessionValue(const Node* node) {
#if __has_include("catalog/pg_sequence.h")
  return IsA(node, SQLValueFunction);
#else
  (void)node;
  return false;
#endif
}

bool IsServers(Oid type) { return type < FirstNormalObjectId; }

bool IsServersDefault(const Node* node) {
  if (node == nullptr) return false;
  if (IsSessionValue(node) || IsA(node, Const)) return true;
  if (IsA(node, RelabelType)) return IsServersDefault(reinterpret_cast<const Node*>(reinterpret_cast<const RelabelType*>(node)->arg));
  if (IsA(node, CoerceViaIO)) {
    const auto* cast = reinterpret_cast<const CoerceViaIO*>(node);
    return IsServers(cast->resulttype) && IsServersDefault(reinterpret_cast<const Node*>(cast->arg));
  }
  if (!IsA(node, FuncExpr)) return false;
  const auto* function = reinterpret_cast<const FuncExpr*>(node);
  if (function->funcid != kClockTimestamp && function->funcid != kSessionUser && function->funcid != kTextOfName) return false;
  ListCell* cell;
  foreach(cell, function->args) {
    if (!IsServersDefault(static_cast<const Node*>(lfirst(cell)))) return false;
  }
  return true;
}

const char* CodeOfReads(Relation relation) {
  const Oid id = RelationGetRelid(relation);
  const TupleConstr* const constraints = relation->rd_att->constr;
  if (relation->rd_rel->relkind != RELKIND_RELATION) return "is no ordinary table";
  if (compat::IsPartition(relation)) return "is a partition";
  if (relation->rd_rules != nullptr) return "has rules";
  if (compat::RowSecurityApplies(id)) return "has row-level security";
  if (has_subclass(id)) return "has descendants";
  if (constraints != nullptr && constraints->num_check > 0) return "has checks";
  if (HasExpressions(relation)) return "has an index or statistics over expressions";
  return nullptr;
}

const char* CodeOfWrites(Relation relation) {
  if (relation->trigdesc != nullptr) return "has triggers";
  const TupleConstr* const constraints = relation->rd_att->constr;
  for (int i = 0; constraints != nullptr && i < constraints->num_defval; i++) {
    if (!IsServersDefault(static_cast<const Node*>(stringToNode(constraints->defval[i].adbin)))) return "has defaults that are computed";
  }
  return nullptr;
}

Oid TypeNamed(const char* name) {
  Oid type = InvalidOid;
  int32 modifier = -1;
  parseTypeString(name, &type, &modifier, 0);  // of a flag or a pointer, by the server's version
  return type;
}

/// The type that a column must have; InvalidOid: any.
Oid TypeAsked(const char* column, const ColumnTypes& columns) {
  for (const auto& [name, type] : columns) {
    if (std::strcmp(column, name) == 0) return TypeNamed(type);
  }
  return InvalidOid;
}

/// Casts of a type are made by its owner. Types of extensions are superusers'.
bool IsOfStranger(Oid type) {
  if (IsServers(type)) return false;
  HeapTuple tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
  if (!HeapTupleIsValid(tuple)) return true;
  const Oid owner = reinterpret_cast<Form_pg_type>(GETSTRUCT(tuple))->typowner;
  ReleaseSysCache(tuple);
  return owner != GetUserId() && !superuser_arg(owner);
}

struct WrongColumn {
  const char* name = nullptr;  // there is none
  const char* type = nullptr;  // what is wrong with its type
};

const char* WrongType(Oid type, Oid asked, TableUse use, bool any_column) {
  if (OidIsValid(asked)) return asked == type ? nullptr : "another type";
  const Oid element = get_element_type(type), scalar = OidIsValid(element) ? element : type;
  if (use == TableUse::kWrite && !IsServers(scalar) && get_typtype(scalar) == TYPTYPE_DOMAIN) return "a domain";
  return any_column && IsOfStranger(scalar) ? "a type of another role" : nullptr;
}

WrongColumn FindWrongColumn(Relation relation, TableUse use, const ColumnTypes& columns) {
  WrongColumn wrong;
  const bool any_column = use == TableUse::kWrite || columns.empty();  // that is read or written; else those that are named
  for (int i = 0; i < relation->rd_att->natts && wrong.name == nullptr; i++) {
    const Form_pg_attribute column = compat::Attribute(relation->rd_att, i);
    if (column->attisdropped) continue;
    wrong.type = WrongType(column->atttypid, TypeAsked(NameStr(column->attname), columns), use, any_column);
    if (wrong.type != nullptr) wrong.name = pstrdup(NameStr(column->attname));
  }
  return wrong;
}

}  // namespace

std::string CodeOf(const TableName& table, TableUse use, const ColumnTypes& columns) {
  const std::optional<TableFacts> facts = FactsOf(table, use);
  if (!facts) return "is gone";
  struct Found {
    const char* code;
    WrongColumn column;
  };
  const Found found = call([&] {
    Relation relation = relation_open(facts->id, AccessShareLock);
    Found f = {CodeOfReads(relation), {}};
    if (f.code == nullptr) f.column = FindWrongColumn(relation, use, columns);
    if (f.code == nullptr && use == TableUse::kWrite) f.code = CodeOfWrites(relation);
    // who has no right to the table keeps no lock on it
    relation_close(relation, facts->readable ? NoLock : AccessShareLock);
    return f;
  });
  if (found.code != nullptr) return found.code;
  if (found.column.name == nullptr) return "";
  return std::string("has a column \"") + found.column.name + "\" of " + found.column.type;
}

std::string WhyNotSafe(const TableName& table, TableUse use, const ColumnTypes& columns) {
  const std::optional<TableFacts> facts = FactsOf(table, use);
  if (facts && facts->owner == GetUserId()) return "";
  return CodeOf(table, use, columns);
}

}  // namespace pg
