#include "pg/row_age.hpp"

#include "pg/guard.hpp"
#include "pg/sql.hpp"

extern "C" {
#include "access/transam.h"
#include "access/xlog.h"
}

namespace pg {
namespace {

/// The number of the transaction that begins next, in 64 bits. Greenplum never asks, and older servers do not tell: 0.
uint64_t NextTransaction() {
#if CEREBRO_HAS_PARALLEL
  return call([] { return static_cast<uint64_t>(U64FromFullTransactionId(ReadNextFullTransactionId())); });
#else
  return 0;
#endif
}

}  // namespace

std::string SystemIdentifier() {
  return std::to_string(call([] { return static_cast<uint64_t>(GetSystemIdentifier()); }));
}

TransactionWindow TransactionsSince(int64_t horizon) { return WindowOf(horizon, NextTransaction()); }

int64_t OldestOpenTransaction() {
  return Execute("SELECT pg_catalog.txid_snapshot_xmin(pg_catalog.txid_current_snapshot())").Int();
}

}  // namespace pg
