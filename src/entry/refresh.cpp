// cerebro.refresh, cerebro.refresh_in_parts.
#include "pg/args.hpp"
#include "pg/guard.hpp"
#include "run/refresh.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(pg_cerebro_refresh);
PG_FUNCTION_INFO_V1(pg_cerebro_refresh_in_parts);
}

namespace {

run::RefreshArguments ReadArguments(const pg::Args& args) {
  run::RefreshArguments a;
  a.model_output_table = args.text(0, "model_output_table");
  a.source_table = args.opt_text(1);
  a.drop_vanished = args.boolean(2, false);
  a.start_from = args.opt_text(3);
  return a;
}

}  // namespace

Datum pg_cerebro_refresh(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const pg::Args args(fcinfo);
    run::RefreshArguments a = ReadArguments(args);
    a.global_model = args.boolean(4, false);
    const run::Refreshed done = run::RefreshGroups(a);
    return pg::call([&] {
      TupleDesc desc;
      if (get_call_result_type(fcinfo, nullptr, &desc) != TYPEFUNC_COMPOSITE) elog(ERROR, "refresh returns a row");
      Datum values[] = {Int64GetDatum(done.added),     Int64GetDatum(done.changed), Int64GetDatum(done.vanished),
                        Int64GetDatum(done.unchanged), Int64GetDatum(done.trained), Int64GetDatum(done.skipped),
                        Int64GetDatum(done.failed),    Float8GetDatum(done.seconds)};
      bool nulls[sizeof(values) / sizeof(values[0])] = {};
      return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
    });
  });
}

Datum pg_cerebro_refresh_in_parts(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    pg::RequireCommits(fcinfo, "cerebro.refresh_in_parts()");
    const pg::Args args(fcinfo);
    run::RefreshInParts(ReadArguments(args), args.opt_int8(4).value_or(0));
    PG_RETURN_VOID();
  });
}
