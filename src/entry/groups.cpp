// What came of the groups of a run over groups.
#include "pg/args.hpp"
#include "pg/guard.hpp"
#include "score/group_reports.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(pg_cerebro_group_leaderboard);
}

Datum pg_cerebro_group_leaderboard(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const std::string run = pg::Args(fcinfo).text(0, "model_output_table");
    pg::RowsSink sink(fcinfo);
    score::GroupLeaderboard(run, [&sink](const score::ReportRows& rows) { sink.Add(rows); });
    return Datum{0};
  });
}
