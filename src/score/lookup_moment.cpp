#include "score/lookup_moment.hpp"

#include "pg/role.hpp"
#include "pg/table_watch.hpp"
#include "store/registry.hpp"

namespace score {

LookupMoment LookupMoment::Now() {
  LookupMoment moment;
  moment.role_ = pg::CurrentRoleId();
  moment.command_ = pg::CurrentCommand();
  pg::WatchTable(store::RegistryTable());
  moment.changes_ = pg::WatchedChanges();
  return moment;
}

bool LookupMoment::HoldsForRegistry() const { return role_ == pg::CurrentRoleId() && changes_ == pg::WatchedChanges(); }
bool LookupMoment::HoldsForTables() const { return role_ == pg::CurrentRoleId() && command_ == pg::CurrentCommand(); }

}  // namespace score
