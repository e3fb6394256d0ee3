// training_preprocessor_dl, validation_preprocessor_dl, append_rows.
#include "pg/args.hpp"
#include "pg/guard.hpp"
#include "pack/append.hpp"
#include "pack/packing.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(pg_cerebro_training_preprocessor_dl);
PG_FUNCTION_INFO_V1(pg_cerebro_validation_preprocessor_dl);
PG_FUNCTION_INFO_V1(pg_cerebro_append_rows);
}

Datum pg_cerebro_training_preprocessor_dl(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const pg::Args args(fcinfo);
    pack::TrainingPackArguments a;
    a.source_table = args.text(0, "source_table");
    a.output_table = args.text(1, "output_table");
    a.dependent_varname = args.text(2, "dependent_varname");
    a.independent_varname = args.text(3, "independent_varname");
    a.buffer_size = args.opt_whole(4, "buffer_size");
    a.normalizing_const = args.opt_float4(5);
    if (!args.is_null(6)) a.num_classes = args.int4_array(6, "num_classes");
    a.distribution_rules = args.opt_text(7);
    a.num_partitions = args.opt_whole(8, "num_partitions");
    a.seed = args.opt_int8(9);
    a.dependent_type = args.opt_text(10);
    a.standardize = args.boolean(11, false);
    a.sample_weight = args.opt_text(12);
    a.shapes = args.opt_text(13);
    a.dtypes = args.opt_text(14);
    a.exclude = args.opt_text(15);
    a.preprocess = args.opt_text(16);
    a.split.validation_fraction = args.opt_float8(17);
    a.split.split_column = args.opt_text(18);
    a.split.split_by_time = args.opt_text(19);
    a.split.folds = args.opt_int8(20);
    a.split.drop_null_labels = args.boolean(21, true);
    a.groups.columns = args.opt_text(22);
    a.groups.min_rows = args.opt_int8(23);
    a.groups.max_groups = args.opt_int8(24).value_or(pack::kDefaultMaxGroups);
    a.groups.own_constants = args.boolean(25, false);
    a.groups.null_groups = args.boolean(26, true);
    a.groups.pooled = args.boolean(27, true);
    pack::PackTraining(a);
    PG_RETURN_VOID();
  });
}

Datum pg_cerebro_validation_preprocessor_dl(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const pg::Args args(fcinfo);
    pack::ValidationPackArguments a;
    a.source_table = args.text(0, "source_table");
    a.output_table = args.text(1, "output_table");
    a.dependent_varname = args.text(2, "dependent_varname");
    a.independent_varname = args.text(3, "independent_varname");
    a.training_preprocessor_table = args.text(4, "training_preprocessor_table");
    a.buffer_size = args.opt_whole(5, "buffer_size");
    a.distribution_rules = args.opt_text(6);
    pack::PackValidation(a);
    PG_RETURN_VOID();
  });
}

Datum pg_cerebro_append_rows(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const pg::Args args(fcinfo);
    return Int64GetDatum(pack::AppendRows(args.text(0, "packed_table"), args.text(1, "source_table"), args.opt_text(2)));
  });
}
