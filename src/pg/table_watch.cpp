#include "pg/table_watch.hpp"

#include "pg/guard.hpp"

extern "C" {
#include "access/xact.h"
#include "utils/inval.h"
}

namespace pg {
namespace {

Oid watched = InvalidOid;
uint64_t changes = 0;

// InvalidOid: messages were lost, anything may have changed.
void Count(Datum, Oid relation) {
  if (relation == watched || !OidIsValid(relation)) ++changes;
}

Oid IdOf(const TableName& table) {
  return call([&] { return get_relname_relid(table.name.c_str(), get_namespace_oid(table.schema.c_str(), false)); });
}

}  // namespace

void WatchTable(const TableName& table) {
  static bool registered = false;
  const Oid relation = IdOf(table);
  if (!registered) {
    call([] { CacheRegisterRelcacheCallback(Count, Datum{0}); });
    registered = true;
  }
  watched = relation;
}

uint64_t WatchedChanges() { return changes; }

void AnnounceChange(const TableName& table) {
  const Oid relation = IdOf(table);
  call([&] { CacheInvalidateRelcacheByRelid(relation); });
}

std::pair<int64_t, uint32_t> CurrentCommand() {
  return {static_cast<int64_t>(GetCurrentStatementStartTimestamp()), GetCurrentCommandId(false)};
}

}  // namespace pg
