// The registry of models.
#include <optional>
#include <string>

#include "pg/args.hpp"
#include "pg/guard.hpp"
#include "score/promotion.hpp"
#include "store/registry.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(pg_cerebro_models_rows);
PG_FUNCTION_INFO_V1(pg_cerebro_model_versions_rows);
PG_FUNCTION_INFO_V1(pg_cerebro_register);
PG_FUNCTION_INFO_V1(pg_cerebro_deploy);
PG_FUNCTION_INFO_V1(pg_cerebro_rollback);
PG_FUNCTION_INFO_V1(pg_cerebro_promote_if_better);
PG_FUNCTION_INFO_V1(pg_cerebro_drop_model);
PG_FUNCTION_INFO_V1(pg_cerebro_rename_model);
PG_FUNCTION_INFO_V1(pg_cerebro_comment_on_model);
PG_FUNCTION_INFO_V1(pg_cerebro_give_model);
PG_FUNCTION_INFO_V1(pg_cerebro_share);
PG_FUNCTION_INFO_V1(pg_cerebro_unshare);
}

Datum pg_cerebro_models_rows(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    pg::ReturnRows(fcinfo, store::ListModels());
    return Datum{0};
  });
}

Datum pg_cerebro_model_versions_rows(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    pg::ReturnRows(fcinfo, store::ListVersions());
    return Datum{0};
  });
}

Datum pg_cerebro_register(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const pg::Args args(fcinfo);
    return Int32GetDatum(store::Register(args.text(0, "name"), args.text(1, "model_table"), args.opt_whole(2, "mst_key"), args.opt_text(3)));
  });
}

Datum pg_cerebro_deploy(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const pg::Args args(fcinfo);
    const std::optional<int> before = store::Deploy(args.text(0, "name"), args.whole(1, "version"));
    if (!before) PG_RETURN_NULL();
    return Int32GetDatum(*before);
  });
}

Datum pg_cerebro_rollback(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum { return Int32GetDatum(store::Rollback(pg::Args(fcinfo).text(0, "name"))); });
}

Datum pg_cerebro_promote_if_better(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const pg::Args args(fcinfo);
    const score::Promotion done = score::PromoteIfBetter(args.text(0, "name"), args.text(1, "test_table"), args.opt_whole(2, "version"), args.opt_text(3));
    return pg::call([&] {
      TupleDesc desc;
      if (get_call_result_type(fcinfo, nullptr, &desc) != TYPEFUNC_COMPOSITE) elog(ERROR, "the result type is no row");
      const Datum metric = CStringGetTextDatum(done.metric.c_str());
      Datum values[] = {BoolGetDatum(done.promoted),  metric, Int32GetDatum(done.candidate_version), Float8GetDatum(done.candidate),
                        Int32GetDatum(done.deployed_version), Float8GetDatum(done.deployed), Int64GetDatum(done.rows)};
      bool nulls[sizeof(values) / sizeof(values[0])] = {};
      nulls[4] = nulls[5] = done.deployed_version == 0;
      return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
    });
  });
}

Datum pg_cerebro_drop_model(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const pg::Args args(fcinfo);
    store::DropModel(args.text(0, "name"), args.opt_whole(1, "version"));
    PG_RETURN_VOID();
  });
}

Datum pg_cerebro_rename_model(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const pg::Args args(fcinfo);
    store::RenameModel(args.text(0, "name"), args.text(1, "new_name"));
    PG_RETURN_VOID();
  });
}

Datum pg_cerebro_comment_on_model(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const pg::Args args(fcinfo);
    store::RemarkOnModel(args.text(0, "name"), args.opt_text(1), args.opt_whole(2, "version"));
    PG_RETURN_VOID();
  });
}

Datum pg_cerebro_give_model(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const pg::Args args(fcinfo);
    store::GiveModel(args.text(0, "name"), args.text(1, "role"));
    PG_RETURN_VOID();
  });
}

Datum pg_cerebro_share(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const pg::Args args(fcinfo);
    store::ShareModel(args.text(0, "name"), args.text(1, "role"));
    PG_RETURN_VOID();
  });
}

Datum pg_cerebro_unshare(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    const pg::Args args(fcinfo);
    store::UnshareModel(args.text(0, "name"), args.text(1, "role"));
    PG_RETURN_VOID();
  });
}
