// From a table to a registered model.
#include <optional>
#include <string>

#include "pg/args.hpp"
#include "pg/guard.hpp"
#include "run/train.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(pg_cerebro_train);
}

Datum pg_cerebro_train(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const pg::Args args(fcinfo);
    run::TrainArguments a;
    a.name = args.text(0, "name");
    a.source_table = args.text(1, "source_table");
    a.label = args.text(2, "label");
    a.exclude = args.opt_text(3);
    if (!args.is_null(4)) a.time_budget = args.interval(4, "time_budget");
    a.max_models = args.opt_whole(5, "max_models");
    a.num_iterations = args.opt_whole(6, "num_iterations");
    a.validation_fraction = args.opt_float8(7);
    a.split_column = args.opt_text(8);
    a.split_by_time = args.opt_text(9);
    a.dependent_type = args.opt_text(10);
    a.preprocess = args.opt_text(11).value_or("auto");
    a.seed = args.opt_int8(12).value_or(0);
    a.output_table = args.opt_text(13);
    a.remark = args.opt_text(14);
    const run::Trained done = run::Train(a);
    return pg::call([&] {
      TupleDesc desc;
      if (get_call_result_type(fcinfo, nullptr, &desc) != TYPEFUNC_COMPOSITE) elog(ERROR, "the result type is no row");
      const auto text = [](const std::string& value) { return CStringGetTextDatum(value.c_str()); };
      Datum values[] = {text(done.model), text(done.metric), Float8GetDatum(done.value), Float8GetDatum(done.baseline.value_or(0)),
                        text(done.architecture), text(done.compile_params), text(done.fit_params), Int64GetDatum(done.models),
                        Int64GetDatum(done.iterations), Int64GetDatum(done.training_rows), Int64GetDatum(done.validation_rows),
                        Int64GetDatum(done.rows_left_out), Float8GetDatum(done.seconds)};
      bool nulls[sizeof(values) / sizeof(values[0])] = {};
      nulls[3] = !done.baseline;
      return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
    });
  });
}
