#include "pg/role.hpp"

#include <optional>

#include "base/plain_number.hpp"
#include "pg/cluster.hpp"
#include "pg/guard.hpp"
#include "pg/sql.hpp"

extern "C" {
#include "access/xlog.h"
#include "catalog/pg_authid.h"
#include "utils/syscache.h"
}

namespace pg {
namespace {

/// Ids of roles are a cluster's. Each of its segments has an identifier of its own, and learns the coordinator's from a table.
int64_t ThisSystem() {
  if (SegmentIndex() < 0) return static_cast<int64_t>(GetSystemIdentifier());
  static std::optional<int64_t> coordinator;
  if (!coordinator) {
    const Result found = Read("SELECT c.identifier FROM cerebro.cluster_identifier AS c");
    coordinator = found.empty() ? 0 : base::WholeNumber(found.at(0, 0).value_or("0"));
  }
  return *coordinator;
}

Oid IdByName(const std::string& name) {
  return call([&] { return get_role_oid(name.c_str(), true); });
}

std::string NameById(Oid id) {
  const char* name = call([&]() -> const char* {
    HeapTuple tuple = SearchSysCache1(AUTHOID, ObjectIdGetDatum(id));
    if (!HeapTupleIsValid(tuple)) return "";
    const char* copy = pstrdup(NameStr(reinterpret_cast<Form_pg_authid>(GETSTRUCT(tuple))->rolname));
    ReleaseSysCache(tuple);
    return copy;
  });
  return name;
}

/// The role's id in this cluster; InvalidOid: it is gone.
Oid IdOf(const Role& role) {
  if (role.system != ThisSystem()) return IdByName(role.name);
  return NameById(role.id).empty() ? InvalidOid : static_cast<Oid>(role.id);
}

bool IsPublic(const Role& role) { return role.id == 0 && role.name == kPublicRole; }

}  // namespace

uint32_t CurrentRoleId() { return GetUserId(); }

Role CurrentRole() {
  const Oid id = GetUserId();
  return {NameById(id), id, ThisSystem()};
}

Role NamedRole(const std::string& name, const char* what) {
  if (name == kPublicRole) return {kPublicRole, 0, ThisSystem()};
  const Oid id = IdByName(name);
  if (!OidIsValid(id)) {
    throw base::Error(base::ErrorCode::kUndefinedObject, "role \"" + name + "\" does not exist", std::string("It was given as ") + what + ".",
                      "Write the role's name as it is, without quotes around it, or public for all roles.");
  }
  return {name, id, ThisSystem()};
}

std::string NameOf(const Role& role) {
  if (IsPublic(role) || role.system != ThisSystem()) return role.name;
  const std::string name = NameById(role.id);
  return name.empty() ? role.name : name;
}

bool ActsAs(const Role& role) {
  if (IsPublic(role)) return true;
  const Oid id = IdOf(role);
  return call([&] { return OidIsValid(id) ? has_privs_of_role(GetUserId(), id) : superuser(); });
}

void ThrowDenied(const std::string& message, const std::string& detail, const std::string& hint) {
  call([&] {
    ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE), errmsg("%s", message.c_str()), detail.empty() ? 0 : errdetail("%s", detail.c_str()),
                    hint.empty() ? 0 : errhint("%s", hint.c_str())));
  });
  throw base::Error(base::ErrorCode::kInternal, "an error was not raised");
}

AsOwnerOf::AsOwnerOf(const TableName& table) {
  Oid user = InvalidOid;
  GetUserIdAndSecContext(&user, &context_);
  role_ = user;
  const Oid owner = call([&] {
    const Oid relation = get_relname_relid(table.name.c_str(), get_namespace_oid(table.schema.c_str(), false));
    HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
    if (!HeapTupleIsValid(tuple)) elog(ERROR, "table %s.%s of the extension is missing", table.schema.c_str(), table.name.c_str());
    const Oid found = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->relowner;
    ReleaseSysCache(tuple);
    return found;
  });
  SetUserIdAndSecContext(owner, context_ | SECURITY_LOCAL_USERID_CHANGE);
}

// Neither call can fail. An abort puts the role back, too.
AsOwnerOf::~AsOwnerOf() { SetUserIdAndSecContext(role_, context_); }

}  // namespace pg
