// Session locks outlive an abort, so a callback gives them back then. The key is kept in a static object: at that time
// the C++ objects are gone.
#include "pg/session_claim.hpp"

#include <string>

#include "pg/cluster.hpp"
#include "pg/guard.hpp"
#include "pg/sql.hpp"

extern "C" {
#include "storage/lock.h"
}

namespace pg {
namespace {

bool claimed = false;  // by this session; a session has one durable run at a time
int64_t claimed_key = 0;

LOCKTAG TagOf(int64_t key) {
  LOCKTAG tag;
  SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, static_cast<uint32>(static_cast<uint64_t>(key) >> 32), static_cast<uint32>(key), 1);
  return tag;
}

void Release() {
  if (!claimed) return;
  claimed = false;
  const LOCKTAG tag = TagOf(claimed_key);
  LockRelease(&tag, ExclusiveLock, true);
}

}  // namespace

SessionClaim::SessionClaim(const TableName& name) : key_(ClaimKeyOf(name)) {
  AtAbort(Release);
  if (claimed) throw base::Error(base::ErrorCode::kInternal, "this session claims a table over its commits already");
  const LOCKTAG tag = TagOf(key_);
  const bool got = call([&] { return LockAcquire(&tag, ExclusiveLock, true, true) != LOCKACQUIRE_NOT_AVAIL; });
  if (!got) {
    const std::optional<int64_t> holder = HolderOfClaim(name);
    throw base::Error(base::ErrorCode::kPrerequisiteState, "run " + name.Text() + " is in progress in another session",
                      holder ? "Its process is " + std::to_string(*holder) + "." : "",
                      "SELECT * FROM cerebro.stat_progress shows how far it is. Wait for it to end, or cancel it and go on here.");
  }
  claimed = true;
  claimed_key = key_;
}

SessionClaim::~SessionClaim() {
  CallInDestructor([] { Release(); });
}

std::optional<int64_t> HolderOfClaim(const TableName& name) {
  const Result found = Read(
      "SELECT l.pid FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_database d ON d.oid OPERATOR(pg_catalog.=) l.database"
      " WHERE l.locktype OPERATOR(pg_catalog.=) 'advisory'::pg_catalog.text AND l.objsubid OPERATOR(pg_catalog.=) 1::pg_catalog.int2"
      " AND l.mode OPERATOR(pg_catalog.=) 'ExclusiveLock'::pg_catalog.text AND l.granted"
      " AND d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()"
      " AND ((l.classid::pg_catalog.int8 OPERATOR(pg_catalog.<<) 32::pg_catalog.int4) OPERATOR(pg_catalog.|) l.objid::pg_catalog.int8)"
      " OPERATOR(pg_catalog.=) $1::pg_catalog.int8",
      {ClaimKeyOf(name)});
  if (found.empty()) return std::nullopt;
  return found.Int();
}

}  // namespace pg
