// Runs are changed while they go on, and done again.
#include "pg/args.hpp"
#include "pg/guard.hpp"
#include "run/control.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(pg_cerebro_control);
PG_FUNCTION_INFO_V1(pg_cerebro_replay);
}

Datum pg_cerebro_control(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const pg::Args args(fcinfo);
    run::ControlArguments a;
    a.run = args.text(0, "run");
    a.action = args.text(1, "action");
    a.mst_key = args.opt_whole(2, "mst_key");
    a.compile_params = args.opt_text(3);
    a.fit_params = args.opt_text(4);
    a.model_id = args.opt_whole(5, "model_id");
    a.from_weights = args.opt_boolean(6);
    a.iterations = args.opt_whole(7, "iterations");
    a.priority = args.opt_int8(8);
    run::Control(a);
    PG_RETURN_VOID();
  });
}

Datum pg_cerebro_replay(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const pg::Args args(fcinfo);
    run::Replay(args.text(0, "run"), args.text(1, "model_output_table"), args.opt_whole(2, "workers"));
    PG_RETURN_VOID();
  });
}
