// fit_multiple_model, its EXPLAIN, the same as a durable run, and the weights that it stored.
#include <optional>
#include <string>
#include <vector>

#include "pg/args.hpp"
#include "pg/guard.hpp"
#include "run/explain.hpp"
#include "run/durable.hpp"
#include "run/fit.hpp"
#include "store/weights.hpp"
#include "train/arguments.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(pg_cerebro_fit_multiple_model);
PG_FUNCTION_INFO_V1(pg_cerebro_explain_fit_multiple_model);
PG_FUNCTION_INFO_V1(pg_cerebro_fit);
PG_FUNCTION_INFO_V1(pg_cerebro_advance);
PG_FUNCTION_INFO_V1(pg_cerebro_weights);
}

namespace {

/// What all of them have in common.
train::FitArguments ReadArguments(const pg::Args& args) {
  train::FitArguments a;
  a.source_table = args.text(0, "source_table");
  a.model_output_table = args.text(1, "model_output_table");
  a.model_selection_table = args.text(2, "model_selection_table");
  a.num_iterations = args.whole(3, "num_iterations");
  a.use_gpus = args.boolean(4, false);
  a.validation_table = args.opt_text(5);
  a.metrics_compute_frequency = args.opt_whole(6, "metrics_compute_frequency");
  a.warm_start = args.boolean(7, false);
  a.name = args.opt_text(8);
  a.description = args.opt_text(9);
  a.use_caching = args.boolean(10, false);
  a.seed = args.opt_int8(11);
  a.workers = args.opt_whole(12, "workers");
  a.restore_best = args.boolean(13, false);
  a.early_stopping = args.opt_text(14);
  a.halving = args.opt_text(15);
  return a;
}

/// Of runs over groups, from argument number `first` on.
void ReadGroupArguments(const pg::Args& args, int first, train::FitArguments* a) {
  a->global_model = args.boolean(first, false);
  a->warm_start_groups = args.boolean(first + 1, false);
  a->promote = args.opt_text(first + 2);
  a->max_failed_groups = args.opt_int8(first + 3);
}

}  // namespace

Datum pg_cerebro_fit_multiple_model(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const pg::Args args(fcinfo);
    train::FitArguments a = ReadArguments(args);
    a.folds = args.opt_whole(16, "folds");
    a.search = args.opt_text(17);
    ReadGroupArguments(args, 18, &a);
    run::FitMultipleModel(a);
    PG_RETURN_VOID();
  });
}

Datum pg_cerebro_fit(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    pg::RequireCommits(fcinfo, "cerebro.fit()");
    const pg::Args args(fcinfo);
    train::FitArguments a = ReadArguments(args);
    a.search = args.opt_text(17);
    run::FitDurably(a, args.interval(16, "checkpoint_interval"));
    PG_RETURN_VOID();
  });
}

Datum pg_cerebro_advance(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const pg::Args args(fcinfo);
    train::FitArguments a = ReadArguments(args);
    a.search = args.opt_text(17);
    return Int64GetDatum(run::Advance(a, args.whole(16, "iterations")));
  });
}

Datum pg_cerebro_explain_fit_multiple_model(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const pg::Args args(fcinfo);
    run::ExplainOptions options;
    options.analyze = args.boolean(16, false);
    options.format = run::ReadExplainFormat(args.opt_text(17));
    train::FitArguments a = ReadArguments(args);
    a.folds = args.opt_whole(18, "folds");
    a.search = args.opt_text(19);
    ReadGroupArguments(args, 20, &a);
    std::vector<std::vector<std::optional<std::string>>> rows;
    for (const std::string& line : run::ExplainFit(a, options)) rows.push_back({line});
    pg::ReturnRows(fcinfo, rows);
    return Datum{0};
  });
}

Datum pg_cerebro_weights(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const pg::Args args(fcinfo);
    pg::ReturnRows(fcinfo, store::WeightPieces(args.text(0, "model_table"), args.whole(1, "mst_key")));
    return Datum{0};
  });
}
