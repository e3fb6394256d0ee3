#include "pg/row_age.hpp"

#include "pg/guard.hpp"
#include "pg/sql.hpp"

namespace pg {

std::string SystemIdentifier() {
  return std::to_string(call([] { return static_cast<uint64_t>(GetSystemIdentifier()); }));
}

TransactionWindow TransactionsSince(int64_t horizon) {
  return WindowOf(horizon, call([] { return static_cast<uint64_t>(compat::NextTransaction()); }));
}

int64_t OldestOpenTransaction() {
  return Execute("SELECT pg_catalog.txid_snapshot_xmin(pg_catalog.txid_current_snapshot())").Int();
}

}  // namespace pg
