// cerebro._written_since: whether the transaction that wrote a row may be one of those since a horizon, for
// pack/source_state.hpp. A refresh calls it for every row of its source.
#include "pg/row_age.hpp"

#include "pg/guard.hpp"
#include "pg/own.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(pg_cerebro_written_since);
}

namespace {

const pg::TransactionWindow& OpenWindow(FmgrInfo* info, int64_t horizon) {
  auto* window = static_cast<pg::TransactionWindow*>(info->fn_extra);
  if (window == nullptr) {
    window = pg::NewIn<pg::TransactionWindow>(info->fn_mcxt);
    info->fn_extra = window;
  }
  *window = pg::TransactionsSince(horizon);
  return *window;
}

}  // namespace

// The window is opened once a statement and process, after the statement's snapshot was taken: no row that the snapshot sees is
// newer than the window. The border to C++ is crossed then, not for each row.
Datum pg_cerebro_written_since(PG_FUNCTION_ARGS) {
  const TransactionId xmin = DatumGetTransactionId(PG_GETARG_DATUM(0));
  const int64 horizon = PG_GETARG_INT64(1);
  const auto* window = static_cast<const pg::TransactionWindow*>(fcinfo->flinfo->fn_extra);
  if (window != nullptr && window->horizon == horizon) return BoolGetDatum(window->Contains(xmin));
  return pg::entry([&]() -> Datum { return BoolGetDatum(OpenWindow(fcinfo->flinfo, horizon).Contains(xmin)); });
}
