#include "pg/ownership.hpp"

#include "pg/guard.hpp"
#include "pg/role.hpp"

extern "C" {
#include "access/xlog.h"
#include "storage/lmgr.h"
#include "utils/syscache.h"
}

namespace pg {
namespace {

// Inside call() only.

/// InvalidOid where there is none, or the schema may not be used.
Oid Find(const TableName& table) {
  const Oid schema = LookupNamespaceNoError(table.schema.c_str());
  if (!OidIsValid(schema) || compat::SchemaAclCheck(schema, GetUserId(), ACL_USAGE) != ACLCHECK_OK) return InvalidOid;
  return get_relname_relid(table.name.c_str(), schema);
}

bool Has(Oid relation, AclMode right) { return pg_class_aclcheck(relation, GetUserId(), right) == ACLCHECK_OK; }

/// NoLock where the role has no right to the use, and on a standby, which lets nobody write.
LOCKMODE LockOf(Oid relation, TableUse use) {
  const bool writes = use == TableUse::kWrite && !RecoveryInProgress();
  if (writes && (Has(relation, ACL_INSERT) || Has(relation, ACL_UPDATE) || Has(relation, ACL_DELETE))) return RowExclusiveLock;
  return Has(relation, ACL_SELECT) ? AccessShareLock : NoLock;
}

}  // namespace

std::optional<TableFacts> GlanceAt(const TableName& table) {
  struct Raw {
    Oid id, owner;
    const char* owner_name;
    bool stays, readable;
  };
  const Raw raw = call([&] {
    Raw r = {InvalidOid, InvalidOid, "", false, false};
    const Oid relation = Find(table);
    HeapTuple tuple = OidIsValid(relation) ? SearchSysCache1(RELOID, ObjectIdGetDatum(relation)) : nullptr;
    if (!HeapTupleIsValid(tuple)) return r;
    const auto* row = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple));
    r.id = relation;
    r.owner = row->relowner;
    r.owner_name = compat::RoleName(r.owner);
    r.readable = Has(relation, ACL_SELECT);
    r.stays = row->relkind == RELKIND_RELATION || row->relkind == RELKIND_MATVIEW;
    ReleaseSysCache(tuple);
    return r;
  });
  if (!OidIsValid(raw.id)) return std::nullopt;
  return TableFacts{raw.id, raw.owner, raw.owner_name, raw.stays, raw.readable};
}

// Locked by its number: until the lock is there the name may come to mean another table.
std::optional<TableFacts> FactsOf(const TableName& table, TableUse use) {
  call([&] {
    for (Oid relation = Find(table), locked = InvalidOid; OidIsValid(relation) && relation != locked; relation = Find(table)) {
      const LOCKMODE mode = LockOf(relation, use);
      if (mode == NoLock) return;
      LockRelationOid(relation, mode);
      locked = relation;
    }
  });
  return GlanceAt(table);
}

bool IsOwnTable(const TableName& table) {
  const std::optional<TableFacts> facts = GlanceAt(table);
  return facts && facts->owner == CurrentRoleId();
}

bool TrustsRole(uint32_t role) {
  return call([&] {
    const Oid user = GetUserId();
    return user == role || superuser_arg(role) || (has_privs_of_role(user, role) && is_member_of_role_nosuper(user, role));
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
