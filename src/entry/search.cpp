// Searches: a run that makes its models itself, samplers outside, and what parameters are worth.
#include <optional>
#include <string>

#include "pg/args.hpp"
#include "pg/guard.hpp"
#include "pg/snapshot.hpp"
#include "plan/trials.hpp"
#include "run/control.hpp"
#include "run/fit.hpp"
#include "score/search.hpp"
#include "train/arguments.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(pg_cerebro_search);
PG_FUNCTION_INFO_V1(pg_cerebro_importance);
PG_FUNCTION_INFO_V1(pg_cerebro_ask);
PG_FUNCTION_INFO_V1(pg_cerebro_tell);
}

Datum pg_cerebro_search(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const pg::Args args(fcinfo);
    train::FitArguments a;
    a.source_table = args.text(0, "source_table");
    a.model_output_table = args.text(1, "model_output_table");
    a.model_selection_table = args.text(2, "model_arch_table");
    a.num_iterations = args.whole(3, "num_iterations");
    a.search = plan::CompleteSearch(args.text(6, "search"), args.opt_text(4).value_or(""),
                                    args.opt_text(5).value_or(""), args.opt_int4_array(8, "model_id_list"));
    a.validation_table = args.opt_text(7);
    a.seed = args.opt_int8(9);
    a.workers = args.opt_whole(10, "workers");
    a.use_gpus = args.boolean(11, false);
    a.name = args.opt_text(12);
    a.description = args.opt_text(13);
    a.restore_best = args.boolean(14, false);
    a.early_stopping = args.opt_text(15);
    run::FitMultipleModel(a);
    const pg::FreshSnapshot written;
    const std::optional<int> best = score::BestModel(a.model_output_table);
    if (!best) PG_RETURN_NULL();
    PG_RETURN_INT32(*best);
  });
}

Datum pg_cerebro_importance(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const pg::Args args(fcinfo);
    pg::ReturnRows(fcinfo,
                   score::ImportanceOfParameters(args.text(0, "run"), args.opt_int8(1), args.opt_int8(2).value_or(0)));
    return Datum{0};
  });
}

Datum pg_cerebro_ask(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    pg::ReturnRows(fcinfo, score::AskTrials(pg::Args(fcinfo).text(0, "run")));
    return Datum{0};
  });
}

Datum pg_cerebro_tell(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const pg::Args args(fcinfo);
    run::ControlArguments a;
    a.run = args.text(0, "run");
    a.action = "add";
    a.model_id = args.whole(1, "model_id");
    a.compile_params = args.text(2, "compile_params");
    a.fit_params = args.text(3, "fit_params");
    a.iterations = args.opt_whole(4, "iterations");
    run::Control(a);
    PG_RETURN_VOID();
  });
}
