#include "pg/ownership.hpp"

#include "pg/guard.hpp"

extern "C" {
#include "storage/lmgr.h"
#include "utils/relcache.h"
#include "utils/syscache.h"
}

namespace pg {
namespace {

/// InvalidOid where there is none, or the schema may not be used. Inside call() only.
Oid Find(const TableName& table) {
  const Oid schema = LookupNamespaceNoError(table.schema.c_str());
  if (!OidIsValid(schema) || compat::SchemaAclCheck(schema, GetUserId(), ACL_USAGE) != ACLCHECK_OK) return InvalidOid;
  return get_relname_relid(table.name.c_str(), schema);
}

}  // namespace

std::optional<TableFacts> GlanceAt(const TableName& table) {
  struct Raw {
    bool there;
    Oid owner;
    const char* owner_name;
    bool plain, stays, readable;
  };
  const Raw raw = call([&] {
    Raw r = {false, InvalidOid, "", false, false, false};
    const Oid relation = Find(table);
    HeapTuple tuple = OidIsValid(relation) ? SearchSysCache1(RELOID, ObjectIdGetDatum(relation)) : nullptr;
    if (!HeapTupleIsValid(tuple)) return r;
    const auto* row = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple));
    r.there = true;
    r.owner = row->relowner;
    r.owner_name = compat::RoleName(r.owner);
    r.readable = pg_class_aclcheck(relation, GetUserId(), ACL_SELECT) == ACLCHECK_OK;
    r.stays = row->relkind == RELKIND_RELATION || row->relkind == RELKIND_MATVIEW;
    r.plain = row->relkind == RELKIND_RELATION && !row->relhassubclass && !compat::RowSecurityApplies(relation);
    ReleaseSysCache(tuple);
    return r;
  });
  if (!raw.there) return std::nullopt;
  return TableFacts{raw.owner, raw.owner_name, raw.plain, raw.stays, raw.readable};
}

// Locked by its number: what the name means is looked up once more.
std::optional<TableFacts> FactsOf(const TableName& table) {
  const std::optional<TableFacts> before = GlanceAt(table);
  if (!before || !before->readable) return before;
  call([&] {
    const Oid relation = Find(table);
    if (OidIsValid(relation)) LockRelationOid(relation, AccessShareLock);
  });
  return GlanceAt(table);
}

bool TrustsRole(uint32_t role) {
  return call([&] {
    const Oid user = GetUserId();
    return user == role || superuser_arg(role) || (has_privs_of_role(user, role) && is_member_of_role_nosuper(user, role));
  });
}

bool InsertsAlone(const TableName& table) {
  return call([&] {
    const Oid relation = Find(table);
    if (!OidIsValid(relation)) return false;
    if (pg_class_aclcheck(relation, GetUserId(), ACL_INSERT) != ACLCHECK_OK) return false;
    Relation rel = relation_open(relation, RowExclusiveLock);
    const TupleConstr* constraints = RelationGetDescr(rel)->constr;
    const bool alone = rel->rd_rel->relkind == RELKIND_RELATION && rel->trigdesc == nullptr && rel->rd_rules == nullptr &&
                       (constraints == nullptr || (constraints->num_defval == 0 && constraints->num_check == 0)) &&
                       RelationGetIndexList(rel) == NIL && !compat::RowSecurityApplies(relation);
    relation_close(rel, NoLock);
    return alone;
  });
}

bool TryLockAlone(const TableName& table) {
  return call([&] {
    const Oid relation = Find(table);
    return OidIsValid(relation) && ConditionalLockRelationOid(relation, AccessExclusiveLock);
  });
}

RestrictedTo::RestrictedTo(uint32_t role) {
  Oid user = InvalidOid;
  GetUserIdAndSecContext(&user, &context_);
  role_ = user;
  SetUserIdAndSecContext(role, context_ | SECURITY_RESTRICTED_OPERATION | SECURITY_LOCAL_USERID_CHANGE);
}

// Neither call can fail. An abort puts the role back, too.
RestrictedTo::~RestrictedTo() { SetUserIdAndSecContext(role_, context_); }

}  // namespace pg
