// Runs: listed, renamed, dropped.
#include "pg/args.hpp"
#include "pg/guard.hpp"
#include "score/reports.hpp"
#include "store/runs.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(pg_cerebro_runs_rows);
PG_FUNCTION_INFO_V1(pg_cerebro_drop_run);
PG_FUNCTION_INFO_V1(pg_cerebro_rename_run);
}

Datum pg_cerebro_runs_rows(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    pg::ReturnRows(fcinfo, score::Runs());
    return Datum{0};
  });
}

Datum pg_cerebro_drop_run(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    store::DropRun(pg::Args(fcinfo).text(0, "name"));
    PG_RETURN_VOID();
  });
}

Datum pg_cerebro_rename_run(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const pg::Args args(fcinfo);
    store::RenameRun(args.text(0, "name"), args.text(1, "new_name"));
    PG_RETURN_VOID();
  });
}
